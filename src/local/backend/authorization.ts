/**
 * Authorizes the calls of callers with IAM policies. The required resources and the condition keys of each operation
 * are those of AWS's service reference, and what the live service was seen to require in addition. It is a test of
 * policies, and not a security boundary.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import { AccessDeniedException } from "../../IdentityError.js"
import { prefixKeys, readContext, type RequestContext } from "../../internal/iamContext.js"
import * as IamPolicy from "../../internal/iamPolicy.js"
import type { LocalSettings } from "../../internal/identitySetup/localSettings.js"
import type * as Rows from "../../internal/plane/operation.js"
import { callOf, fromTable } from "../../internal/plane/plane.js"
import type * as Operation from "../../Operation.js"
import { OAuthError } from "../oauth/oauthClient.js"
import * as Arn from "./arn.js"
import { CallerKey, sessionNameOf, unrestrictedKey, warn } from "./callContext.js"
import { type Exception, raise } from "./failures.js"
import { role } from "./issuer.js"

/** The access key of the option `policy`. Planes in process act as its caller. */
export const agentKey = "agent"

// -----------------------------------------------------------------------------
// Resources
// -----------------------------------------------------------------------------

interface ResourceNames {
  readonly account: Arn.Account
  readonly workload: string
  readonly provider: string
  readonly portal: string
  readonly vault: string
}

const arnOf = {
  "workload-identity-directory": ({ account }) => Arn.workloadIdentityDirectory(account),
  "workload-identity": ({ account, workload }) => Arn.workloadIdentity(account, workload),
  "token-vault": ({ account, vault }) => Arn.tokenVault(account, vault),
  "consent-portal": ({ account, portal }) => portal.startsWith("arn:") ? portal : Arn.consentPortal(account, portal),
  oauth2credentialprovider: ({ account, provider }) => Arn.provider(account, "oauth2", provider),
  apikeycredentialprovider: ({ account, provider }) => Arn.provider(account, "apikey", provider),
  paymentcredentialprovider: ({ account, provider }) => Arn.provider(account, "payment", provider)
} satisfies { readonly [type: string]: (names: ResourceNames) => string }

type ResourceType = keyof typeof arnOf

const workload: ReadonlyArray<ResourceType> = ["workload-identity-directory", "workload-identity"]

const providerOf = (kind: Arn.ProviderKind) => ["token-vault", `${kind}credentialprovider`] as const

/** The types of the required resources, by a part of the operation's name. The first part that matches counts. */
const types: ReadonlyArray<readonly [part: RegExp, types: ReadonlyArray<ResourceType>]> = [
  [/WorkloadAccessToken|WorkloadIdentit/, workload],
  [/ResourceOauth2Token|ResourceTokenAuth/, [...workload, ...providerOf("oauth2")]],
  [/ResourceApiKey/, [...workload, ...providerOf("apikey")]],
  [/ResourcePaymentToken/, [...workload, ...providerOf("payment")]],
  [/Oauth2CredentialProvider/, providerOf("oauth2")],
  [/ApiKeyCredentialProvider/, providerOf("apikey")],
  [/PaymentCredentialProvider/, providerOf("payment")],
  [/TokenVault/, ["token-vault"]],
  [/ConsentPortal$/, ["consent-portal"]]
]

/** The operations on tags, and lists without a type, have none. */
export const requiredTypes = (operation: string): ReadonlyArray<ResourceType> =>
  types.find(([part]) => part.test(operation))?.[1] ?? []

/** Whether programs call the operation, and not those who set up their resources. */
const isForProgram = (operation: string): boolean =>
  /^(CompleteResourceTokenAuth|Get(Resource|WorkloadAccessToken|WebIdentityToken).*)$/.test(operation)

/** What a request and its workload access token name. */
interface Names {
  readonly workload?: string | undefined
  readonly provider?: string | undefined
}

/** A request of any operation. Requests are checked before they are authorized. */
interface Request extends RequestContext {
  readonly name?: string
  readonly workloadName?: string
  readonly workloadIdentityToken?: Redacted.Redacted
  readonly resourceCredentialProviderName?: string
  readonly resourceArn?: string
  readonly consentPortalIdentifier?: string
  readonly tokenVaultId?: string
  readonly sessionUri?: Redacted.Redacted
}

/**
 * The last part of the ARN for a request without a name, such as one for a list: a guess. The live service was seen to
 * authorize creations on it, and not on the new name.
 */
const all = "*"

export const findResources = (
  account: Arn.Account,
  operation: string,
  { consentPortalIdentifier = all, name: given = all, resourceArn, tokenVaultId = "default" }: Request,
  names: Names
): ReadonlyArray<string> => {
  const name = operation.startsWith("Create") ? all : given
  const { provider = name, workload = name } = names
  if (operation === "GetWebIdentityToken") return [Arn.webIdentity(account)]
  const resourceNames = { account, workload, provider, portal: consentPortalIdentifier, vault: tokenVaultId }
  const resources = requiredTypes(operation).map((type) => arnOf[type](resourceNames))
  return resources.length > 0 ? resources : [resourceArn ?? all]
}

// -----------------------------------------------------------------------------
// The caller
// -----------------------------------------------------------------------------

interface Restricted {
  readonly arn: string
  readonly principalArn: string
  readonly policies: ReadonlyArray<IamPolicy.Policy>
  /** Prints all statements that the caller needs. */
  readonly command: string
}

/** The caller of the call. Undefined for a caller without policies, and for pages and the control. */
const Caller = Context.Reference("effect-agentcore-identity/local/RestrictedCaller", {
  defaultValue: (): Restricted | undefined => undefined
})

/**
 * Returns the action and the sentence of the exception if the caller may not make all of these calls. They name the
 * first one, as AWS does. The log names all of them, and what to change.
 */
const findDenial = Effect.fnUntraced(
  function*({ arn, command, policies, principalArn }: Restricted, calls: ReadonlyArray<IamPolicy.Call>) {
    const now = DateTime.formatIso(DateTime.makeUnsafe(yield* Clock.currentTimeMillis))
    const [first, ...others] = calls.flatMap(({ action, context, resource }) => {
      const values = { ...context, "aws:PrincipalArn": principalArn, "aws:CurrentTime": now }
      const decision = IamPolicy.evaluate(policies, { action, resource, context: values })
      return decision._tag === "Allowed" ? [] : [{ ...decision, action, resource }]
    })
    if (first === undefined) return undefined
    const sentence = `User: ${arn} is not authorized to perform: ${first.action} on resource: ${first.resource}`
    const missing = others.map(({ action, resource }) => `${action} on ${resource}`)
    yield* warn([
      `${sentence}: ${first.advice}`,
      ...missing.length === 0 ? [] : [`Also missing: ${missing.join(", ")}`],
      `All statements: ${command}`
    ].join(". "))
    const reason = first._tag === "ExplicitDeny"
      ? "with an explicit deny in an identity-based policy"
      : `because no identity-based policy allows the ${first.action} action`
    return { action: first.action, sentence: `${sentence} ${reason}` }
  }
)

type Denial = NonNullable<Effect.Success<ReturnType<typeof findDenial>>>

/** Checks actions of other services, which AWS performs with the caller's permissions. */
const checkOthers = (
  calls: ReadonlyArray<Pick<IamPolicy.Call, "action" | "resource"> & Partial<IamPolicy.Call>>,
  toMessage: (denial: Denial) => string
): Effect.Effect<void, Exception<"AccessDeniedException">> =>
  Effect.withFiber((fiber) => {
    const caller = fiber.getRef(Caller)
    if (caller === undefined) return Effect.void
    return Effect.flatMap(
      findDenial(caller, calls.map((call) => ({ context: {}, ...call }))),
      (denial) => denial === undefined ? Effect.void : raise("AccessDeniedException", toMessage(denial))
    )
  })

/** Checks that the caller may read a secret. The message begins as the one of the live service. */
export const checkSecret = (secretArn: string | undefined) =>
  secretArn === undefined ? Effect.void : checkOthers(
    [{ action: "secretsmanager:GetSecretValue", resource: secretArn }],
    ({ sentence }) => `Access denied when retrieving secret '${secretArn}'. ${sentence}`
  )

/** Checks that the caller may change the secrets of a provider. The message is the one of the live service. */
export const checkSecretChanges = (before: ReadonlyArray<string>, after: ReadonlyArray<string>) => {
  const calls = [...new Set([...after, ...before])].map((resource) => {
    const kept = before.includes(resource) ? "PutSecretValue" : "CreateSecret"
    return { action: `secretsmanager:${after.includes(resource) ? kept : "DeleteSecret"}`, resource }
  })
  return checkOthers(calls, ({ action }) => `You are not authorized to perform: ${action}`)
}

/** Checks that the caller may sign with a key, which is in the Region of the service. */
export const checkSigning = (keyArn: string, message: string) => {
  const context = { "kms:ViaService": `bedrock-agentcore-identity.${keyArn.split(":")[3]}.amazonaws.com` }
  const calls = ["kms:DescribeKey", "kms:Sign"].map((action) => ({ action, resource: keyArn, context }))
  return checkOthers(calls, ({ sentence }) => `${message}. ${sentence}`)
}

/** Checks that the caller may get a JWT of AWS for a token endpoint. The message is a guess. */
export const checkWebIdentity = (account: Arn.Account, audience: string) => {
  const context = readContext({ audience: [audience], signingAlgorithm: "RS256" })
  const call = { action: "sts:GetWebIdentityToken", resource: Arn.webIdentity(account), context }
  return Effect.mapError(
    checkOthers([call], ({ sentence }) => sentence),
    ({ message }) => new OAuthError({ reason: "InvalidClient", denial: message })
  )
}

// -----------------------------------------------------------------------------
// Planes
// -----------------------------------------------------------------------------

interface Options {
  readonly account: Arn.Account
  readonly settings: Effect.Effect<LocalSettings>
  /** The policy of planes in process, and of the access key `agent`. */
  readonly policy: IamPolicy.Policy | undefined
  /** Returns undefined for an invalid token. */
  readonly findWorkload: (token: Redacted.Redacted) => Effect.Effect<string | undefined>
  /** Returns undefined for an unknown session. */
  readonly findSession: (sessionUri: Redacted.Redacted) => Effect.Effect<Names | undefined>
  readonly findTags: (resourceArn: string) => Effect.Effect<Readonly<Record<string, string>>>
}

/** The live service was seen to authorize this action for the first provider of an account, and for later ones. */
const createTokenVault = "bedrock-agentcore:CreateTokenVault"

const actionsOf = (operation: string, { tags = {} }: Request): ReadonlyArray<string> => {
  if (operation !== "GetWebIdentityToken") return [`bedrock-agentcore:${operation}`]
  return ["sts:GetWebIdentityToken", ...Object.keys(tags).length === 0 ? [] : ["sts:TagGetWebIdentityToken"]]
}

export const make = (options: Options) => {
  const { account, findSession, findTags, findWorkload, policy, settings } = options

  /** Returns undefined for a token or session that the operation rejects. */
  const findNames = (request: Request): Effect.Effect<Names | undefined> => {
    const { resourceCredentialProviderName: provider, sessionUri, workloadIdentityToken, workloadName } = request
    if (workloadIdentityToken === undefined) {
      return sessionUri === undefined ? Effect.succeed({ provider, workload: workloadName }) : findSession(sessionUri)
    }
    return Effect.map(
      findWorkload(workloadIdentityToken),
      (workload) => workload === undefined ? undefined : { provider, workload }
    )
  }

  const authorize = Effect.fnUntraced(function*(caller: Restricted, operation: string, request: Request) {
    const names = yield* findNames(request)
    // No policy can forbid GetCallerIdentity.
    if (names === undefined || operation === "GetCallerIdentity") return
    const values = readContext(request)
    const { tokenVaultPath } = yield* settings
    const hasPath = operation === "GetTokenVault" && tokenVaultPath !== "ignore"
    const resources = yield* Effect.forEach(
      [...findResources(account, operation, request, names), ...hasPath ? [Arn.tokenVaultPath(account)] : []],
      (resource) =>
        Effect.map(findTags(resource), (tags) => ({
          resource,
          context: { ...values, ...prefixKeys("aws:ResourceTag", tags) }
        }))
    )
    const vaults = /^Create.*CredentialProvider$/.test(operation) ? resources.slice(0, 1) : []
    const denial = yield* findDenial(caller, [
      ...actionsOf(operation, request).flatMap((action) => resources.map((call) => ({ ...call, action }))),
      ...vaults.map((call) => ({ ...call, action: createTokenVault }))
    ])
    if (denial !== undefined) return yield* new AccessDeniedException({ operation, message: denial.sentence })
  })

  const findPolicies = (key: string) =>
    key === agentKey && policy !== undefined
      ? Effect.succeed([policy])
      : Effect.map(settings, ({ policies = {} }) => Object.hasOwn(policies, key) ? policies[key] : undefined)

  const restrict = <A, E>(key: string, operation: string, request: unknown, call: Effect.Effect<A, E>) =>
    Effect.flatMap(findPolicies(key), (policies) => {
      if (policies === undefined) return call
      const caller = {
        arn: Arn.assumedRole(account, role, sessionNameOf(key)),
        principalArn: Arn.role(account, role),
        policies,
        command: `npx agentcore-identity policy ${
          isForProgram(operation) ? "<module or setup file>" : "--administrator <setup file>"
        }`
      }
      return authorize(caller, operation, request as Request).pipe(
        Effect.andThen(call),
        Effect.provideService(Caller, caller),
        Effect.provideService(CallerKey, key)
      )
    })

  return <const T extends Rows.Table>(table: T, plane: Operation.Plane<T>): Operation.Plane<T> =>
    fromTable(table, ({ name }, method) => (request) => {
      const call = callOf(plane, method)(request)
      // The cast restores the types of the operation.
      return Effect.withFiber((fiber) => {
        const key = fiber.getRef(CallerKey) ?? (policy === undefined ? unrestrictedKey : agentKey)
        return key === unrestrictedKey ? call : restrict(key, name, request, call)
      }) as never
    })
}
