/** The configurations of the wrappers, and how they are checked and mapped to requests of `Identity`. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { ConsentSession } from "../../ConsentSession.js"
import type { AccessTokenCredential, AccessTokenRequest, ApiKeyCredential, ConsentOptions } from "../../Identity.js"
import { ValidationException } from "../../IdentityError.js"
import { isDeclared, makeSubjectCheck } from "../../internal/identity/declared.js"
import {
  accessTokenOperation,
  apiKeyOperation,
  declarationFields,
  keyFields
} from "../../internal/identity/requests.js"
import * as Constraint from "../../internal/models/constraint.js"
import * as OptionType from "../../internal/plane/optionType.js"
import * as Validation from "../../internal/plane/validation.js"
import type { RequestContext } from "./requestContext.js"

// Properties and lists are mutable, as in the official SDK, so that code with its types still compiles.

/** The configuration of `withAccessToken`. */
export interface OAuth2WrapperConfig {
  /** Default: the token of the request in context, see `runWithContext`. */
  workloadIdentityToken?: string | undefined
  /** The name of the OAuth2 credential provider. */
  providerName: string
  /** The scopes of the token. With an empty list the authorization server chooses. */
  scopes: Array<string>
  /** Resource indicators (RFC 8707). */
  resources?: Array<string> | undefined
  /** The services that the token is for (RFC 8693). Default: none. */
  audiences?: Array<string> | undefined
  /**
   * The OAuth2 flow. It decides whose access it is, and how the token is obtained.
   *
   * - `USER_FEDERATION`: the user's access. The user consents once in a browser (authorization code).
   * - `M2M`: the agent's own access, without a user (client credentials).
   * - `ON_BEHALF_OF_TOKEN_EXCHANGE`: the user's access, without a page. The service exchanges the user's JWT, so the
   *   workload access token must be for that JWT.
   */
  authFlow: "M2M" | "USER_FEDERATION" | "ON_BEHALF_OF_TOKEN_EXCHANGE"
  /**
   * Shows the authorization URL to the user. Then the call waits for the token. It is called once, in the context of
   * the call. Default: the promise rejects with `RequiresUserConsent`.
   */
  onAuthUrl?: ((url: string) => void | Promise<void>) | undefined
  /** Waits for the token after `onAuthUrl`, and returns it. Default: asks for it every 5 seconds for 10 minutes. */
  poll?:
    | ((wait: {
      /** The session that the user has to authorize. */
      readonly session: ConsentSession
      /** Asks for the token once. Returns `undefined` if there is none yet, and rejects if none can come. */
      readonly poll: () => Promise<string | undefined>
      /** Aborts when the wait ends: at the latest when the session expires. */
      readonly signal: AbortSignal
    }) => Promise<string>)
    | undefined
  /**
   * Whether an error of the function means that the resource rejected the token, such as one with the status 401. Then
   * the function runs once more, with a new token. Without a new one, the promise rejects with the error. Default: no.
   */
  rejected?: ((error: unknown) => boolean | Promise<boolean>) | undefined
  /** Whether to drop a rejected token that the service returns again: the user consents again. Default: false. */
  reauthenticate?: boolean | undefined
  /** Asks the user to consent again, and drops the token in the vault. Default: false. */
  forceAuthentication?: boolean | undefined
  /**
   * Where the browser goes after consent. It must be registered on the workload identity. Default: the URL of the
   * request in context, or else `Consent.ReturnUrl` of the runtime.
   */
  callbackUrl?: string | undefined
  /** State of the application. The callback URL carries it back. */
  customState?: string | undefined
  /** Further parameters of the authorization request. They never override standard parameters. */
  customParameters?: Record<string, string> | undefined
}

/** The configuration of `withApiKey`. */
export interface ApiKeyWrapperConfig extends Pick<OAuth2WrapperConfig, "workloadIdentityToken"> {
  /** The name of the API-key credential provider. */
  providerName: string
}

const tokenField = { workloadIdentityToken: Constraint.optional(Schema.String) }

const resumeFields = {
  ...tokenField,
  onAuthUrl: Constraint.optional(OptionType.AnyFunction),
  poll: Constraint.optional(OptionType.AnyFunction)
}

const useFields = {
  ...resumeFields,
  rejected: Constraint.optional(OptionType.AnyFunction),
  reauthenticate: Constraint.optional(Schema.Boolean)
}

/** What belongs to a single use. */
export type AccessTokenUse = Pick<OAuth2WrapperConfig, keyof typeof useFields>

/** Allows `sessionUri`, which a type of the official SDK has. It has no effect here. */
export const checkAccessTokenConfig = makeSubjectCheck(
  "AccessToken",
  accessTokenOperation,
  Validation.makeCheck(accessTokenOperation, () => {
    const { flow, provider, returnUrl, ...others } = declarationFields
    return {
      ...useFields,
      ...others,
      providerName: provider,
      authFlow: flow,
      callbackUrl: returnUrl,
      forceAuthentication: Constraint.optional(Schema.Boolean),
      customState: Constraint.optional(Constraint.string(1, 4096)),
      sessionUri: Constraint.optional(Schema.String)
    }
  })
)

export const checkApiKeyConfig = makeSubjectCheck(
  "ApiKey",
  apiKeyOperation,
  Validation.makeCheck(apiKeyOperation, () => ({ ...tokenField, providerName: keyFields.provider }))
)

export const checkAccessTokenUse = Validation.makeCheck(accessTokenOperation, () => useFields)

export const checkRenewal = ({ reauthenticate, rejected }: AccessTokenUse): ValidationException | undefined =>
  reauthenticate === true && rejected === undefined
    ? Validation.invalidProperty(accessTokenOperation, "rejected", "be a function if reauthenticate is true")
    : undefined

export const checkResume = Validation.makeCheck(accessTokenOperation, () => resumeFields)

export const checkApiKeyUse = Validation.makeCheck(apiKeyOperation, () => tokenField)

type Request = Omit<AccessTokenRequest, keyof ConsentOptions>

const toInlineRequest = (config: OAuth2WrapperConfig): Request => ({
  provider: config.providerName,
  flow: config.authFlow,
  scopes: config.scopes,
  resources: config.resources,
  audiences: config.audiences,
  returnUrl: config.callbackUrl,
  forceAuthentication: config.forceAuthentication,
  customState: config.customState === undefined ? undefined : Redacted.make(config.customState),
  customParameters: config.customParameters
})

/** The request of a credential that users connect. What belongs to a single call is dropped. */
export const toDeclaration = (config: OAuth2WrapperConfig) => {
  const { customState: _, forceAuthentication: __, ...request } = toInlineRequest(config)
  return request
}

export const toAccessTokenRequest = (
  subject: AccessTokenCredential | OAuth2WrapperConfig,
  context: RequestContext | undefined
): Request => {
  const request = isDeclared(subject, "AccessToken") ? subject.request : toInlineRequest(subject)
  const returnUrl = context?.oauth2CallbackUrl ?? context?.callbackUrl
  return request.returnUrl !== undefined || returnUrl === undefined ? request : { ...request, returnUrl }
}

export const toApiKeyRequest = (subject: ApiKeyCredential | ApiKeyWrapperConfig): ApiKeyCredential["request"] =>
  isDeclared(subject, "ApiKey") ? subject.request : { provider: subject.providerName }

export const toSession = (session: ConsentSession | string): Effect.Effect<ConsentSession, ValidationException> =>
  typeof session === "string"
    ? Effect.mapError(
      Schema.decodeEffect(Schema.fromJsonString(ConsentSession))(session),
      ({ message }) =>
        new ValidationException({
          operation: "resumeAccessToken",
          message: `The consent session is damaged: ${message}`
        })
    )
    : Effect.succeed(session)
