/**
 * Explains errors of AWS that hide their cause, by the reasons of a local server or by a table.
 * `test/languages/troubleshooting.md` has the table for readers, and where each sentence was seen.
 */
import * as Effect from "effect/Effect"
import { hasProperty, isString, isTagged } from "effect/Predicate"
import * as LocalControl from "./localControl.js"

interface Cause {
  /** The sentence of AWS. `…` stands for a name or a value. */
  readonly sentence: string
  readonly cause: string
  readonly check: string
}

export const causes: ReadonlyArray<Cause> = [
  {
    sentence: "Error parsing ClientCredentials response",
    cause: "The authorization server rejected the client, the scope or the flow M2M, or did not respond.",
    check: "Send the same client id, secret and scope to its token endpoint, with `grant_type=client_credentials`."
  },
  {
    sentence: "Token exchange failed with HTTP status …",
    cause: "The authorization server rejected the exchange of the user's JWT: its audience, scope, actor or client.",
    check: "Compare `aud` of the JWT with the client, and read the log of the authorization server."
  },
  {
    sentence: "Error parsing token exchange response",
    cause: "The authorization server accepted the exchange, but its response has no access token.",
    check: "Send the same request to its token endpoint, and look for `access_token`."
  },
  {
    sentence: "OnBehalfOfTokenExchangeConfig is required in the OBO flow for OAuth2 credential provider type: …",
    cause: "The credential provider has no configuration for tokens on behalf of users.",
    check: "Update the provider with `onBehalfOfTokenExchangeConfig`."
  },
  {
    sentence: "… cannot be present in customParameters for the specified OAuth2 Flow",
    cause: "AgentCore sets this parameter itself, from another member of the request.",
    check: "Remove it from `customParameters`. Use `scopes`, `resources` and `audiences`."
  },
  {
    sentence: "Invalid Discovery URL",
    cause: "The discovery document could not be read, or it is not authorization server metadata.",
    check: "Open the URL with `curl`. It must be public, with status 200 and JSON with `issuer` and `token_endpoint`."
  },
  {
    sentence: "Failed to resolve hostname: …",
    cause: "DNS does not know the host of the token endpoint. A new Cognito domain needs about a minute.",
    check: "Run `nslookup` with the host, and wait before the first use of a new domain."
  },
  {
    sentence: "Token endpoint is not a valid URL",
    cause: "The metadata of the authorization server has a token endpoint without https.",
    check: "Read `token_endpoint` in the discovery document."
  },
  {
    sentence: "TokenEndpoint is not a valid URL",
    cause: "The token endpoint in the request is not an https URL.",
    check: "Correct `tokenEndpoint` in `authorizationServerMetadata`."
  },
  {
    sentence: "DiscoveryUrl is not a valid URL",
    cause: "The discovery URL in the request is not an https URL.",
    check: "Correct `discoveryUrl`."
  },
  {
    sentence: "Invalid or expired session",
    cause: "The session was completed by a different user, is over 10 minutes old, or was already used.",
    check: "Complete it with the same user id or JWT as in the workload access token. A renewed JWT is a different one."
  },
  {
    sentence:
      "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow",
    cause: "The return URL of the request is not registered on the workload identity.",
    check: "Compare it, character by character, with `allowedResourceOauth2ReturnUrls` in GetWorkloadIdentity."
  },
  {
    sentence: "You must provide a ResourceOauth2ReturnUrl to proceed with this flow",
    cause: "The request has no return URL. Polls need it too, and requests for a user who has consented.",
    check: "Set `resourceOauth2ReturnUrl` on every request of the flow USER_FEDERATION."
  },
  {
    sentence: "Workload Identity does not belong to caller account",
    cause: "The workload identity does not exist in the account and region of the caller.",
    check: "Compare the region, the account and the name with ListWorkloadIdentities."
  },
  {
    sentence: "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller",
    cause: "AgentCore Runtime or Gateway owns the workload identity, and gives its token to the agent in a header.",
    check: "Read the token from the request, or create a workload identity of your own."
  },
  {
    sentence: "Access denied when retrieving secret '…'",
    cause: "AgentCore reads the secrets of providers with the caller's permissions, which do not allow it.",
    check: "Allow `secretsmanager:GetSecretValue` on the secret. `npx agentcore-identity doctor` prints the statement."
  },
  {
    sentence: "Credential provider with name: … already exists",
    cause: "The name is taken. The exception is a ValidationException, not a ConflictException.",
    check: "Update the provider, or choose another name."
  },
  {
    sentence: "WorkloadIdentity with name '…' already exists.",
    cause: "The name is taken. The exception is a ValidationException, not a ConflictException.",
    check: "Update the workload identity, or choose another name."
  },
  {
    sentence: "CredentialProvider not found",
    cause: "No OAuth2 provider has the name of the request, in the account and region of the caller.",
    check: "Compare the region, the account and the name with ListOauth2CredentialProviders."
  },
  {
    sentence: "ApiKeyCredentialProvider not found for …",
    cause: "No API-key provider has this name, in the account and region of the caller.",
    check: "Compare the region, the account and the name with ListApiKeyCredentialProviders."
  },
  {
    sentence: "OutboundWebIdentityFederation is disabled.",
    cause: "The account does not allow AWS-signed JWTs.",
    check: "Run `aws iam enable-outbound-web-identity-federation`. It takes effect after about 10 seconds."
  },
  {
    sentence: "Requested token expiry time must be before the original session's expiry time.",
    cause: "The JWT would outlive the session of the role that requests it.",
    check: "Request a shorter duration, or renew the session first."
  },
  {
    sentence: "JWT payload exceeds maximum allowed size",
    cause: "The claims of the JWT have more than 14,984 bytes.",
    check: "Remove tags, or shorten their values."
  }
]

const escapeRegExp = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

const patterns = causes.map((cause) =>
  [new RegExp(`(^|: )${cause.sentence.split("…").map(escapeRegExp).join(".+?")}`), cause] as const
)

export const find = (message: string): Cause | undefined => patterns.find(([pattern]) => pattern.test(message))?.[1]

/** Finds what a local server knows about the request of an error. Its log has the same reasons. */
const findReasons = (requestId: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.match(LocalControl.readRequests, {
    onFailure: () => [],
    onSuccess: (requests) => requests.find(({ id }) => id === requestId)?.reasons ?? []
  })

/** Returns lines that explain an error: the reasons of a local server, or else the cause and a check. */
export const explain = (error: unknown): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    // The error of a setup has the error of the service as its cause.
    const inner = isTagged(error, "ApplyError") && hasProperty(error, "cause") ? error.cause : error
    const requestId = hasProperty(inner, "requestId") && isString(inner.requestId) ? inner.requestId : undefined
    const reasons = requestId === undefined ? [] : yield* findReasons(requestId)
    if (reasons.length > 0) return reasons.map((reason) => `Reason: ${reason}`)
    const found = requestId === undefined || !(inner instanceof Error) ? undefined : find(inner.message)
    return found === undefined ? [] : [`Cause: ${found.cause}`, `Check: ${found.check}`]
  })
