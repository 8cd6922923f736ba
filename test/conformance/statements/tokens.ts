/** Tokens of machines and of users: return URLs, sessions, grants. */
import {
  cite,
  codingAgents,
  combine,
  github,
  guess,
  guide,
  is,
  model,
  notes,
  type Parts,
  present,
  recorded,
  reference,
  rejects,
  statement,
  type World
} from "../statement.js"
import {
  askConsent,
  askM2m,
  askUser,
  createCustom,
  createGithub,
  createRecorded,
  createWorkload,
  endpoints,
  grant,
  grantedAlice,
  reservedParameter,
  reservedParameters,
  returnUrl,
  tokenOf,
  tokenOfJwt,
  uniqueCallbackUrl,
  unreachable
} from "./resources.js"

/** Opens a consent session of Alice, at an authorization server that records its requests. */
const openSession = async (
  world: Parameters<typeof createRecorded>[0],
  recorder: Parameters<typeof createRecorded>[1],
  request?: Parameters<typeof askConsent>[3]
) => {
  const { clientId, name } = await createRecorded(world, recorder)
  const token = await tokenOf(world, await createWorkload(world), "alice")
  return { clientId, name, token, ...await askConsent(world, token, name, request) }
}

const sessionBinding = guide("oauth2-authorization-url-session-binding")

const tokens = guide("identity-authentication")

const vaultToken = codingAgents("cdk/src/handlers/shared/linear-vault-token.ts")

const vaultShape = recorded(
  vaultToken,
  "AgentCore keys a cached grant by the full token-request shape, customParameters included — live-proven"
)

const originalArtifact = github("aws/bedrock-agentcore-sdk-typescript/issues/37")

const customParameters = cite(
  reference,
  "A map of custom parameters to include in the authorization request to the resource credential provider. These parameters are in addition to the standard OAuth 2.0 flow parameters, and will not override them."
)

const sessionStatus = cite(
  reference,
  "Status indicating whether the user's authorization session is in progress or has failed."
)

const customState = cite(
  reference,
  "An opaque string that will be sent back to the callback URL provided in resourceOauth2ReturnUrl."
)

const invalidSession = { status: 403, name: "AccessDeniedException", message: "Invalid or expired session" } as const

const validation = { status: 400, name: "ValidationException" } as const

/**
 * The samples request `openid`. The response of the API has an access token and no ID token. No source says whether the
 * ID token is checked.
 */
const openid = guess(
  "no source says whether an ID token is checked: official samples ask for openid, and the response has no member for one"
)

/** A user's token from a client at the recorder, which responds with an ID token, too. */
const ignoresIdToken = async (
  world: World,
  parts: Pick<Parts, "browse" | "recorder">,
  { clientId, provider }: { readonly clientId: string; readonly provider: string },
  header: object,
  claims: object
): Promise<void> => {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url")
  const now = Math.floor(Date.now() / 1_000)
  const payload = part({ sub: "alice", aud: clientId, iat: now, exp: now + 600, ...claims })
  parts.recorder.respond(clientId, () => ({
    body: {
      access_token: "the-access-token",
      token_type: "Bearer",
      expires_in: 3_600,
      id_token: `${part(header)}.${payload}.${part({ signed: "by nobody" })}`
    }
  }))
  const token = await tokenOf(world, await createWorkload(world), "alice")
  const accessToken = await grant(world, parts, {
    token,
    provider,
    user: { userId: "alice" },
    request: { scopes: ["openid"] }
  })
  is("accessToken", accessToken, "the-access-token")
}

export const machineTokens = [
  statement({
    id: "m2m.token",
    statement: "A workload without a user gets a token for itself",
    source: cite(
      guide("common-use-cases"),
      "The OAuth 2.0 client credentials grant flow enables direct authentication between systems without user interaction."
    ),
    needs: ["authorizationServer"],
    run: async (world, { authorizationServer }) => {
      const { name } = await createCustom(world, authorizationServer)
      const token = await tokenOf(world, await createWorkload(world))
      const response = await askM2m(world, token, name)
      present("accessToken", response.accessToken)
      is("authorizationUrl", response.authorizationUrl, undefined)
    }
  }),
  statement({
    id: "m2m.not-stored",
    statement: "Each request for a token of a machine reaches the token endpoint",
    source: recorded(notes.calls, "M2M tokens are not stored: each call asks the token endpoint"),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder)
      const token = await tokenOf(world, await createWorkload(world))
      await askM2m(world, token, name)
      await askM2m(world, token, name)
      is("requests", recorder.tokens(clientId).length, 2)
    }
  }),
  statement({
    id: "m2m.parameters",
    statement: "Custom parameters are sent; resources are repeated, audiences too",
    source: guess(
      "how resources and audiences are sent: resource as in RFC 8707, audience as in RFC 8693. The guide: \"the current implementation supports single-resource binding\"",
      customParameters,
      cite(
        reference,
        "The resources to include in the token request.",
        "The audiences to include in the token request."
      )
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder)
      const token = await tokenOf(world, await createWorkload(world))
      await askM2m(world, token, name, {
        scopes: ["a", "b"],
        resources: ["https://one.example.com", "https://two.example.com"],
        audiences: ["first"],
        customParameters: { tenant: "t-1" }
      })
      const { parameters } = present("request", recorder.tokens(clientId)[0])
      is("grant_type", parameters.getAll("grant_type"), ["client_credentials"])
      is("scope", parameters.getAll("scope"), ["a b"])
      is("tenant", parameters.getAll("tenant"), ["t-1"])
      is("resource", parameters.getAll("resource"), ["https://one.example.com", "https://two.example.com"])
      is("audience", parameters.getAll("audience"), ["first"])
    }
  }),
  statement({
    id: "parameters.reserved",
    statement: "Reserved names in customParameters are rejected in every flow",
    source: guess(
      "that they are: it was seen for requests on behalf of a user",
      recorded(notes.researcher, "\"<x> cannot be present in customParameters for the specified OAuth2 Flow\"")
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder)
      const workload = await createWorkload(world)
      const [machine, alice] = [await tokenOf(world, workload), await tokenOf(world, workload, "alice")]
      for (const parameter of reservedParameters) {
        const customParameters = { [parameter]: "value" }
        await rejects(askM2m(world, machine, name, { customParameters }), reservedParameter(parameter))
        await rejects(askUser(world, alice, name, { customParameters }), reservedParameter(parameter))
      }
      is("requests", recorder.tokens(clientId).length, 0)
    }
  }),
  statement({
    id: "m2m.unresolved",
    statement: "A token endpoint whose host has no address is: Failed to resolve hostname: X",
    source: guess(
      "that a request for a token has the message: it was seen as the status reason of a gateway target",
      recorded(notes.gateway, "Failed to resolve hostname: <domain>.auth.<region>.amazoncognito.com")
    ),
    run: async (world) => {
      const { name } = await createCustom(world, {
        ...unreachable,
        oauthDiscovery: {
          authorizationServerMetadata: { ...endpoints, tokenEndpoint: "https://conformance.invalid/token" }
        }
      })
      await rejects(askM2m(world, await tokenOf(world, await createWorkload(world)), name), {
        ...validation,
        message: "Failed to resolve hostname: conformance.invalid"
      })
    }
  }),
  statement({
    id: "m2m.rejected",
    statement: "The error of an authorization server is not passed on: Error parsing ClientCredentials response",
    source: recorded(
      github("aws/bedrock-agentcore-sdk-python/issues/81"),
      "An error occurred (ValidationException) when calling the GetResourceOauth2Token operation: Error parsing ClientCredentials response",
      "We don't propagate errors from the resource credential provider."
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder)
      recorder.respond(clientId, () => ({
        status: 400,
        body: { error: "invalid_scope", error_description: "the description of the server" }
      }))
      const token = await tokenOf(world, await createWorkload(world))
      const { message } = await rejects(askM2m(world, token, name), {
        ...validation,
        message: "Error parsing ClientCredentials response"
      })
      is("description in the message", message.includes("the description of the server"), false)
    }
  }),
  statement({
    id: "m2m.client-authentication",
    statement: "A client authenticates by the Authorization header, or in the body with CLIENT_SECRET_POST",
    source: cite(
      guide("client-auth-methods"),
      "using the HTTP Basic authentication scheme",
      "by including the client credentials in the request body"
    ),
    needs: ["recorder"],
    run: async (world, { recorder }) => {
      const token = await tokenOf(world, await createWorkload(world))
      const byDefault = await createRecorded(world, recorder)
      await askM2m(world, token, byDefault.name)
      is("header", recorder.tokens(byDefault.clientId)[0]?.basic, true)
      const post = await createRecorded(world, recorder, { clientAuthenticationMethod: "CLIENT_SECRET_POST" })
      await askM2m(world, token, post.name)
      const request = recorder.tokens(post.clientId)[0]
      is("header", request?.basic, false)
      is("client_secret", request?.parameters.get("client_secret"), "secret")
    }
  })
]

export const userTokens = [
  statement({
    id: "user.first-response",
    statement: "The first response has an authorization URL with the session URI as request_uri, and IN_PROGRESS",
    source: guess(
      "that the request_uri is the session URI; the guide does not describe the authorization URL",
      cite(
        sessionBinding,
        "AgentCore Identity generates an authorization URL and session URI for the user to navigate to and consent access."
      ),
      cite(model, "CompleteResourceTokenAuth.sessionUri: pattern urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+"),
      sessionStatus
    ),
    run: async (world) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      const { authorizationUrl, sessionStatus, sessionUri } = await askConsent(world, token, provider)
      const url = new URL(authorizationUrl)
      is("path", url.pathname, "/identities/oauth2/authorize")
      is("request_uri", url.searchParams.get("request_uri"), sessionUri)
      is("sessionUri", sessionUri, /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+$/)
      is("sessionStatus", sessionStatus, "IN_PROGRESS")
    }
  }),
  statement({
    id: "user.no-registered-url",
    statement: "A workload identity without return URLs gets no user's token: it has to register and use at least one",
    source: recorded(
      github("awslabs/agentcore-samples/issues/528"),
      "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
    ),
    run: async (world) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world, []), "alice")
      await rejects(askUser(world, token, provider), {
        ...validation,
        message:
          "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
      })
    }
  }),
  statement({
    id: "user.unregistered-url",
    statement: "A return URL that is not registered is rejected in the same way",
    source: guess(
      "the exception",
      cite(
        reference,
        "The callback URL to redirect to after the OAuth 2.0 token retrieval is complete. This URL must be one of the provided URLs configured for the workload identity."
      )
    ),
    run: async (world) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      await rejects(
        askUser(world, token, provider, { resourceOauth2ReturnUrl: "https://elsewhere.example.com/" }),
        validation
      )
    }
  }),
  statement({
    id: "user.no-url",
    statement: "A request without a return URL is rejected: You must provide a ResourceOauth2ReturnUrl",
    source: recorded(
      github("enechange/collmbo/pull/742"),
      "This is required by the AWS Bedrock AgentCore API for USER_FEDERATION flows",
      "Without this parameter, the API returns: \"You must provide a ResourceOauth2ReturnUrl to proceed with this flow\""
    ),
    run: async (world) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      await rejects(askUser(world, token, provider, { resourceOauth2ReturnUrl: undefined }), {
        ...validation,
        message: "You must provide a ResourceOauth2ReturnUrl to proceed with this flow"
      })
    }
  }),
  statement({
    id: "user.url-with-grant",
    statement: "A return URL is required even when a grant exists",
    source: recorded(
      vaultToken,
      "In the resolver (non-interactive) path the grant is already consented, so this URL is never actually visited — but the API rejects the call without one"
    ),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { provider, token } = await grantedAlice(world, parts)
      present("accessToken", (await askUser(world, token, provider)).accessToken)
      await rejects(askUser(world, token, provider, { resourceOauth2ReturnUrl: undefined }), validation)
    }
  }),
  statement({
    id: "user.without-user",
    statement: "A workload access token without a user obtains no user's token",
    source: guess("the exception", cite(vaultToken, "USER_FEDERATION requires a user-bound token, not a plain one")),
    run: async (world) => {
      const provider = await createGithub(world)
      await rejects(askUser(world, await tokenOf(world, await createWorkload(world)), provider), validation)
    }
  }),
  statement({
    id: "user.poll",
    statement: "A poll before the user has consented returns IN_PROGRESS and no token",
    source: guess("that the response to a poll has no authorization URL of a new session", sessionStatus),
    run: async (world) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      const { sessionUri } = await askConsent(world, token, provider)
      const poll = await askUser(world, token, provider, { sessionUri })
      is("sessionStatus", poll.sessionStatus, "IN_PROGRESS")
      is("accessToken", poll.accessToken, undefined)
    }
  }),
  statement({
    id: "user.consent",
    statement:
      "After consent the browser returns with the session as session_id, and the completed session has a token",
    source: combine(
      cite(
        codingAgents("cli/src/linear-vault.ts"),
        "AgentCore appends the same value to the return URL as ?session_id=… once consent completes, and it must be handed to finalizeVaultConsent before a token can be fetched."
      ),
      cite(
        sessionBinding,
        "Once the application returns a valid response, your agent application will be able to retrieve the OAuth2.0 access tokens that were originally requested for the user."
      )
    ),
    needs: ["authorizationServer", "consent"],
    run: async (world, { authorizationServer, consent }) => {
      const provider = await createCustom(world, authorizationServer)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      const request = { scopes: ["openid"] }
      const { authorizationUrl, sessionUri } = await askConsent(world, token, provider.name, request)
      const page = new URL((await consent(authorizationUrl, "alice", "allow")).url)
      is("return URL", `${page.protocol}${page.pathname}`, returnUrl)
      is("session_id", page.searchParams.get("session_id"), sessionUri)
      await world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
      present("accessToken", (await askUser(world, token, provider.name, { ...request, sessionUri })).accessToken)
    }
  }),
  ...([
    ["endpoints", "whose endpoints the request names", "CustomOauth2"],
    ["vendor", "of a vendor with endpoints of the customer", "CognitoOauth2"]
  ] as const).map(([id, which, vendor]) =>
    statement({
      id: `user.openid.${id}`,
      statement: `With the scope openid, a provider ${which} returns the access token`,
      source: openid,
      needs: ["authorizationServer", "consent"],
      run: async (world, { authorizationServer, consent }) => {
        const { clientId, clientSecret, discoveryUrl } = authorizationServer
        const metadata = await (await fetch(discoveryUrl)).json()
        const endpoints = {
          issuer: String(metadata.issuer),
          authorizationEndpoint: String(metadata.authorization_endpoint),
          tokenEndpoint: String(metadata.token_endpoint)
        }
        const provider = world.name()
        await world.control.createOauth2CredentialProvider({
          name: provider,
          credentialProviderVendor: vendor,
          oauth2ProviderConfigInput: vendor === "CustomOauth2"
            ? {
              customOauth2ProviderConfig: {
                oauthDiscovery: { authorizationServerMetadata: endpoints },
                clientId,
                clientSecret
              }
            }
            : { includedOauth2ProviderConfig: { clientId, clientSecret, ...endpoints } }
        })
        const token = await tokenOf(world, await createWorkload(world), "alice")
        const browse = async (url: string) => (await consent(url, "alice", "allow")).url
        await grant(world, { browse }, {
          token,
          provider,
          user: { userId: "alice" },
          request: { scopes: ["openid"] }
        })
      }
    })
  ),
  statement({
    id: "user.openid.microsoft",
    statement: "MicrosoftOauth2 without a tenant returns the access token next to an ID token of the user's tenant",
    source: openid,
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const [clientId, provider] = [world.name(), world.name()]
      await world.control.createOauth2CredentialProvider({
        name: provider,
        credentialProviderVendor: "MicrosoftOauth2",
        oauth2ProviderConfigInput: { microsoftOauth2ProviderConfig: { clientId, clientSecret: "secret" } }
      })
      await ignoresIdToken(world, parts, { clientId, provider }, { alg: "RS256", kid: "of-the-tenant" }, {
        iss: "https://login.microsoftonline.com/0f0f0f0f-0000-4000-8000-000000000000/v2.0"
      })
    }
  }),
  ...([
    ["hs256", "signed with a shared secret", { alg: "HS256" }],
    ["es256", "signed with another algorithm than RS256", { alg: "ES256", kid: "key-1" }],
    ["unknown-key", "of a key that cannot be found", { alg: "RS256", kid: "nowhere" }]
  ] as const).map(([id, which, header]) =>
    statement({
      id: `user.openid.${id}`,
      statement: `The access token is returned next to an ID token ${which}`,
      source: openid,
      needs: ["recorder", "browse"],
      run: async (world, parts) => {
        const { clientId, name } = await createRecorded(world, parts.recorder)
        await ignoresIdToken(world, parts, { clientId, provider: name }, header, { iss: parts.recorder.issuer })
      }
    })
  ),
  statement({
    id: "user.code-exchange",
    statement: "The code is exchanged when the session is completed, and not before",
    source: cite(
      sessionBinding,
      "If they match, your application endpoint invokes CompleteResourceTokenAuth so that AgentCore Identity can fetch and store the access token."
    ),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { authorizationUrl, clientId, name, sessionUri, token } = await openSession(world, recorder)
      await browse(authorizationUrl)
      is("requests before", recorder.tokens(clientId).length, 0)
      is("poll before", (await askUser(world, token, name, { sessionUri })).accessToken, undefined)
      await world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
      present("accessToken", (await askUser(world, token, name, { sessionUri })).accessToken)
      is("grants", recorder.tokens(clientId).map(({ parameters }) => parameters.get("grant_type")), [
        "authorization_code"
      ])
    }
  }),
  statement({
    id: "user.pkce",
    statement: "The authorization request has a code challenge (S256), and the token request its verifier",
    source: guess(
      "the verifier: reports of 2025-11 and 2026-08 say that the token request has none",
      cite(
        codingAgents("docs/decisions/ADR-016-pluggable-identity-and-auth.md"),
        "AgentCore then redirects to the downstream provider with plain authorization-code + PKCE"
      ),
      cite(
        github("awslabs/agentcore-samples/issues/620"),
        "The service correctly sends code_challenge during authorization but fails to send the corresponding code_verifier when exchanging the authorization code for tokens."
      )
    ),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { clientId } = await grantedAlice(world, parts)
      const authorization = present("authorization request", parts.recorder.authorizations(clientId)[0])
      is("code_challenge_method", authorization.get("code_challenge_method"), "S256")
      const verifier = parts.recorder.tokens(clientId)[0]?.parameters.get("code_verifier") ?? ""
      const digest = await crypto.subtle.digest("SHA-256", Buffer.from(verifier))
      is("code_challenge", authorization.get("code_challenge"), Buffer.from(digest).toString("base64url"))
    }
  }),
  statement({
    id: "user.authorization-parameters",
    statement: "Custom parameters are in the authorization request, and never replace those of the specification",
    source: customParameters,
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { clientId } = await grantedAlice(world, parts, {
        scopes: ["read", "write"],
        customParameters: {
          access_type: "offline",
          response_type: "token",
          state: "mine"
        }
      })
      const query = present("authorization request", parts.recorder.authorizations(clientId)[0])
      is("access_type", query.getAll("access_type"), ["offline"])
      is("response_type", query.getAll("response_type"), ["code"])
      is("client_id", query.getAll("client_id"), [clientId])
      is("scope", query.getAll("scope"), ["read write"])
      is("own state", query.getAll("state").includes("mine"), false)
    }
  }),
  statement({
    id: "user.callback-url",
    statement: "The authorization server returns to the callback URL of the provider, which ends with a unique UUID",
    source: uniqueCallbackUrl,
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { clientId, provider } = await grantedAlice(world, parts)
      const { callbackUrl } = await world.control.getOauth2CredentialProvider({ name: provider })
      is("callbackUrl", callbackUrl, /\/identities\/oauth2\/callback\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      is("redirect_uri", parts.recorder.authorizations(clientId)[0]?.get("redirect_uri"), callbackUrl)
    }
  }),
  statement({
    id: "user.return-state",
    statement: "The browser returns with the custom state of the request, as state",
    source: guess(
      "the name of the parameter, which no document of AWS has: public programs read state or custom_state",
      customState
    ),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { authorizationUrl, sessionUri } = await openSession(world, recorder, {
        customState: "state of alice"
      })
      const page = new URL(await browse(authorizationUrl))
      is("parameters", Object.fromEntries(page.searchParams), { session_id: sessionUri, state: "state of alice" })
    }
  }),
  statement({
    id: "user.opened-again",
    statement: "The authorization URL, opened again after the consent, does not lead to the return URL",
    source: guess("all of it: the one who opens it again would learn the custom state, which protects the callback"),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { authorizationUrl, sessionUri } = await openSession(world, recorder, {
        customState: "state of alice"
      })
      const open = async () => new URL(await browse(authorizationUrl)).protocol
      is("end of the consent", await open(), new URL(returnUrl).protocol)
      is("end of the second visit", await open(), new URL(authorizationUrl).protocol)
      await world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
      is("end of a visit after the completion", await open(), new URL(authorizationUrl).protocol)
    }
  }),
  statement({
    id: "user.denied",
    statement:
      "A denied consent never reaches the return URL: the service shows its own page, and the session is FAILED",
    source: guess(
      "where the browser ends, and that the session has failed at once: reports of the live service, not readable",
      sessionStatus
    ),
    needs: ["authorizationServer", "consent"],
    run: async (world, { authorizationServer, consent }) => {
      const provider = await createCustom(world, authorizationServer)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      const { authorizationUrl, sessionUri } = await askConsent(world, token, provider.name)
      const page = await consent(authorizationUrl, "alice", "deny")
      is("status of the page", page.status, 200)
      is("page", new URL(page.url).origin, new URL(authorizationUrl).origin)
      is("sessionStatus", (await askUser(world, token, provider.name, { sessionUri })).sessionStatus, "FAILED")
    }
  }),
  statement({
    id: "user.expired",
    statement: "After ten minutes a session is FAILED, and cannot be completed",
    source: guess(
      "that a poll says FAILED, and the exception",
      cite(
        sessionBinding,
        "Each authorization URL and its corresponding session identifier are only valid for 10 minutes."
      )
    ),
    needs: ["expire"],
    run: async (world, { expire }) => {
      const provider = await createGithub(world)
      const token = await tokenOf(world, await createWorkload(world), "alice")
      const { sessionUri } = await askConsent(world, token, provider)
      await expire(sessionUri)
      is("sessionStatus", (await askUser(world, token, provider, { sessionUri })).sessionStatus, "FAILED")
      await rejects(
        world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } }),
        invalidSession
      )
    }
  }),
  statement({
    id: "binding.other-user",
    statement: "Another user cannot complete a session: Invalid or expired session",
    source: combine(
      cite(
        sessionBinding,
        "your application must present the original inbound identity provider OAuth token or user_id String that was used to generate the workload access token"
      ),
      recorded(originalArtifact, "AccessDeniedException: Invalid or expired session")
    ),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { authorizationUrl, sessionUri } = await openSession(world, recorder)
      await browse(authorizationUrl)
      await rejects(
        world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "mallory" } }),
        invalidSession
      )
    }
  }),
  ...([
    [
      "other-user-first",
      "Another user who tries to complete a session does not end it: its own user still completes it",
      "mallory",
      true
    ],
    ["too-early", "A completion before the consent is rejected, and does not end the session", "alice", false]
  ] as const).map(([id, sentence, userId, isConsentFirst]) =>
    statement({
      id: `binding.${id}`,
      statement: sentence,
      source: guess(
        "that a rejected completion changes nothing: otherwise a stranger who knows the session could end it",
        recorded(originalArtifact, "AccessDeniedException: Invalid or expired session")
      ),
      needs: ["recorder", "browse"],
      run: async (world, { browse, recorder }) => {
        const { authorizationUrl, name, sessionUri, token } = await openSession(world, recorder)
        if (isConsentFirst) await browse(authorizationUrl)
        await rejects(world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId } }), invalidSession)
        if (!isConsentFirst) await browse(authorizationUrl)
        await world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
        present("accessToken", (await askUser(world, token, name, { sessionUri })).accessToken)
      }
    })
  ),
  statement({
    id: "binding.twice",
    statement: "A completed session cannot be completed again, and its grant stays",
    source: guess(
      "that a session that has ended is one that is invalid",
      recorded(originalArtifact, "AccessDeniedException: Invalid or expired session")
    ),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { authorizationUrl, name, sessionUri, token } = await openSession(world, recorder)
      await browse(authorizationUrl)
      const complete = () => world.data.completeResourceTokenAuth({ sessionUri, userIdentifier: { userId: "alice" } })
      await complete()
      await rejects(complete(), invalidSession)
      present("accessToken", (await askUser(world, token, name)).accessToken)
    }
  }),
  statement({
    id: "binding.same-jwt",
    statement:
      "The session of a JWT is completed with that JWT only, not with a fresh one of the same user, nor with the subject",
    source: recorded(
      originalArtifact,
      "the session-binding check validates against that original token artifact, not the underlying subject/claims",
      "A freshly minted token for the same human user (different iat/nonce/signature) is deterministically rejected",
      "it must exactly match the user id the flow was originated with"
    ),
    needs: ["recorder", "browse", "userToken"],
    run: async (world, { browse, recorder, userToken }) => {
      const { name } = await createRecorded(world, recorder)
      const jwt = await userToken({ sub: "alice" })
      const token = await tokenOfJwt(world, await createWorkload(world), jwt)
      const complete = async (userIdentifier: { readonly userId: string } | { readonly userToken: string }) => {
        const { authorizationUrl, sessionUri } = await askConsent(world, token, name)
        await browse(authorizationUrl)
        return world.data.completeResourceTokenAuth({ sessionUri, userIdentifier })
      }
      await rejects(complete({ userToken: await userToken({ sub: "alice", aud: "other" }) }), invalidSession)
      await rejects(complete({ userId: "alice" }), invalidSession)
      await complete({ userToken: jwt })
      present("accessToken", (await askUser(world, token, name)).accessToken)
    }
  }),
  statement({
    id: "binding.unknown-session",
    statement: "A session that does not exist cannot be completed",
    source: guess(
      "that a session that never was is one that is invalid",
      cite(originalArtifact, "AccessDeniedException: Invalid or expired session")
    ),
    run: async ({ data }) => {
      await rejects(
        data.completeResourceTokenAuth({
          sessionUri: "urn:ietf:params:oauth:request_uri:00000000-0000-4000-8000-000000000000",
          userIdentifier: { userId: "alice" }
        }),
        invalidSession
      )
    }
  }),
  statement({
    id: "vault.hit",
    statement: "A user who has consented gets the token at once, and another user must consent",
    source: cite(
      guide("get-workload-access-token"),
      "Tokens are scoped to the specific user-agent pair, ensuring credentials stored under one user cannot be accessed by another"
    ),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { accessToken, provider, token, workload } = await grantedAlice(world, parts)
      is("token", (await askUser(world, token, provider)).accessToken, accessToken)
      is(
        "token of a new caller",
        (await askUser(world, await tokenOf(world, workload, "alice"), provider)).accessToken,
        accessToken
      )
      await askConsent(world, await tokenOf(world, workload, "bob"), provider)
      await askConsent(world, await tokenOf(world, await createWorkload(world), "alice"), provider)
    }
  }),
  statement({
    id: "vault.namespaces",
    statement: "The user of a JWT and the user of an id are different users",
    source: guess("no source says it: a JWT names its user by iss and sub, and a user id has neither"),
    needs: ["recorder", "browse", "userToken"],
    run: async (world, parts) => {
      const { provider, workload } = await grantedAlice(world, parts)
      await askConsent(world, await tokenOfJwt(world, workload, await parts.userToken({ sub: "alice" })), provider)
    }
  }),
  statement({
    id: "vault.jwt-user",
    statement: "A user of JWTs is identified by issuer and subject: a fresh JWT of the same user finds the token",
    source: cite(
      guide("get-workload-access-token"),
      "uses its \"iss\" and \"sub\" claims to uniquely identify the user",
      "future retrievals require a valid workload access token carrying the same identity"
    ),
    needs: ["recorder", "browse", "userToken"],
    run: async (world, { browse, recorder, userToken }) => {
      const { name } = await createRecorded(world, recorder)
      const workload = await createWorkload(world)
      const jwt = await userToken({ sub: "alice" })
      const token = await tokenOfJwt(world, workload, jwt)
      const accessToken = await grant(world, { browse }, { token, provider: name, user: { userToken: jwt } })
      const fresh = await tokenOfJwt(world, workload, await userToken({ sub: "alice", aud: "other" }))
      is("token", (await askUser(world, fresh, name)).accessToken, accessToken)
      await askConsent(world, await tokenOfJwt(world, workload, await userToken({ sub: "bob" })), name)
    }
  }),
  ...([
    ["more scopes", { scopes: ["read", "write"] }],
    ["fewer scopes", { scopes: [] }],
    ["other resources", { resources: ["https://api.example.com"] }],
    ["other audiences", { audiences: ["api"] }],
    ["other custom parameters", { customParameters: { access_type: "offline" } }]
  ] as const).map(([subject, change]) =>
    statement({
      id: `vault.shape.${subject.replaceAll(" ", "-")}`,
      statement: `A request with ${subject} than the grant has requires another consent`,
      source: subject.startsWith("other resources") || subject.startsWith("other audiences")
        ? guess("that resources and audiences belong to the shape", vaultShape)
        : vaultShape,
      needs: ["recorder", "browse"],
      run: async (world, parts) => {
        const { provider, token } = await grantedAlice(world, parts)
        const request = Object.fromEntries(
          Object.entries(change).map(([name, value]) => [name, Array.isArray(value) ? [...value] : { ...value }])
        )
        await askConsent(world, token, provider, request)
        present("accessToken of the first shape", (await askUser(world, token, provider)).accessToken)
      }
    })
  ),
  statement({
    id: "vault.shape.order",
    statement: "The order of scopes does not matter",
    source: guess("that scopes are a set, as in RFC 6749, also to the vault", vaultShape),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { accessToken, provider, token } = await grantedAlice(world, parts, { scopes: ["read", "write"] })
      is("token", (await askUser(world, token, provider, { scopes: ["write", "read"] })).accessToken, accessToken)
    }
  }),
  statement({
    id: "vault.shape.custom-state",
    statement:
      "Custom state belongs to one request, and not to the grant: requests with another one and without find it",
    source: guess("that it is not of the shape, because it belongs to one redirect", customState),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { accessToken, provider, token } = await grantedAlice(world, parts, { customState: "first" })
      is("token", (await askUser(world, token, provider, { customState: "second" })).accessToken, accessToken)
      is("token", (await askUser(world, token, provider)).accessToken, accessToken)
    }
  }),
  statement({
    id: "vault.force",
    statement: "forceAuthentication drops the user's token, and prompts again",
    source: cite(
      tokens,
      "To clear stored refresh tokens and force users to reauthenticate, set forceAuthentication=true when calling GetResourceOauth2Token. This clears the refresh token and forces a complete federation flow."
    ),
    needs: ["recorder", "browse"],
    run: async (world, parts) => {
      const { provider, token } = await grantedAlice(world, parts)
      await askConsent(world, token, provider, { forceAuthentication: true })
      await askConsent(world, token, provider)
    }
  }),
  statement({
    id: "vault.refresh",
    statement: "An expired token is refreshed without the user, and a rejected refresh requires another consent",
    source: cite(
      tokens,
      "If a valid refresh token is stored, AgentCore skips the user federation flow and directly returns a new access token",
      "If the refresh token is also expired or invalid, the system falls back to prompting the user for full reauthorization."
    ),
    needs: ["recorder", "browse"],
    run: async (world, { browse, recorder }) => {
      const { clientId, name } = await createRecorded(world, recorder)
      recorder.respond(clientId, ({ parameters }, index) =>
        parameters.get("refresh_token") === "refresh-1"
          ? { status: 400, body: { error: "invalid_grant" } }
          : {
            body: {
              access_token: `token-${index}`,
              token_type: "Bearer",
              expires_in: 0,
              refresh_token: `refresh-${index}`
            }
          })
      const token = await tokenOf(world, await createWorkload(world), "alice")
      // The token of the completion has expired at the next request.
      const refreshed = await grant(world, { browse }, { token, provider: name, user: { userId: "alice" } })
      is("token", refreshed, "token-1")
      is("grants", recorder.tokens(clientId).map(({ parameters }) => parameters.get("grant_type")), [
        "authorization_code",
        "refresh_token"
      ])
      await askConsent(world, token, name)
    }
  })
]
