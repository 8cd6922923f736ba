/** `npx agentcore-identity policy` and `doctor --policy`: the IAM policy of a program, and what another one lacks. */
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Credentials from "../Credentials.js"
import { readContext } from "../internal/iamContext.js"
import * as IamPolicy from "../internal/iamPolicy.js"
import * as SetupFile from "../local/standalone/setupFile.js"
import * as Flags from "./credentialFlags.js"
import * as CredentialModule from "./credentialModule.js"
import * as Target from "./target.js"

/** The default account of the local server. */
const localAccount = "123456789012"

/** A placeholder in a policy. */
export const unknownAccount = "000000000000"

interface Caller extends Flags.Caller {
  readonly account?: string | undefined
  readonly users?: Credentials.PolicyOptions["users"] | undefined
}

/** The options of the minimal policy for a caller. */
export const readOptions = (
  list: ReadonlyArray<Credentials.Credential>,
  { account, target, user, users, workload }: Caller
) =>
  // A caller that may not read the providers gets the policy for secrets that AgentCore stores.
  Effect.map(Effect.orElseSucceed(Credentials.externalSecrets(list), () => ({})), (secrets) => ({
    workload,
    secrets,
    account: account ?? target.account ?? (target.local ? localAccount : unknownAccount),
    region: target.region,
    users: users
      ?? (user === undefined ? "none" as const : user.userId === undefined ? "jwt" as const : "userId" as const)
  }))

/** Makes the minimal policy. */
export const make = (list: ReadonlyArray<Credentials.Credential>, options: Credentials.PolicyOptions) =>
  Flags.declare(() => Credentials.policy(list, options))

const makeContext = (credential: Credentials.Credential, user: Flags.Caller["user"]): IamPolicy.Call["context"] => {
  if (credential.kind !== "IamAccessToken") return readContext(user ?? {})
  const { audience, duration, signingAlgorithm = "ES384", tags } = credential.request
  return readContext({
    audience: typeof audience === "string" ? [audience] : audience,
    durationSeconds: duration === undefined ? undefined : Duration.toSeconds(duration),
    signingAlgorithm,
    tags
  })
}

/** Whether another pattern has the newer form of a secret's name. Few providers have secrets of the older form. */
const isOlderForm = (resource: string, all: ReadonlyArray<string>): boolean =>
  resource.endsWith("-??????") && all.includes(resource.replace(/-\?{6}$/, "-????????-??????"))

/** The calls that a statement of the minimal policy allows. */
const callsOf = ({ Action, Resource }: Credentials.Statement) =>
  Action.flatMap((action) =>
    Resource.filter((resource) => !isOlderForm(resource, Resource)).map((resource) => ({ action, resource }))
  )

/** Evaluates the policy of a file for each call that the credentials need. */
export const check = Effect.fnUntraced(function*(
  file: string,
  list: ReadonlyArray<Credentials.Credential>,
  options: Credentials.PolicyOptions,
  user: Flags.Caller["user"]
) {
  const policies = [yield* SetupFile.loadPolicy(file)]
  const used = new Set<string>()
  const credentials = yield* Effect.forEach(
    list,
    (credential) =>
      Effect.map(make([credential], options), ({ Statement }) => {
        const context = makeContext(credential, user)
        const denied = Statement.flatMap((statement) =>
          callsOf(statement).flatMap(({ action, resource }) => {
            const decision = IamPolicy.evaluate(policies, { action, resource: resource.replaceAll("?", "0"), context })
            if (decision._tag !== "Allowed") {
              return [{ statement, problem: `${action} on ${resource}: ${decision.advice}` }]
            }
            decision.by.forEach((name) => used.add(name))
            return []
          })
        )
        return {
          credential: credential.key,
          problems: denied.map(({ problem }) => problem),
          statements: [...new Set(denied.map(({ statement }) => statement))]
        }
      })
  )
  return {
    credentials,
    unused: IamPolicy.statementsOf(policies).flatMap(({ name, statement }) =>
      statement.Effect === "Deny" || used.has(name) ? [] : [name]
    )
  }
})

interface Settings extends Flags.CallerFlags, Pick<Caller, "account" | "users"> {
  readonly module: string
  readonly region?: string | undefined
}

/** Prints the minimal policy of the credentials that a module exports. */
export const print = Effect.fnUntraced(function*({ module, region, ...settings }: Settings) {
  const list = yield* CredentialModule.load(module, "policy")
  const { user, workload: name } = yield* Flags.findCaller(settings)
  const target = yield* Target.find(region)
  const policy = yield* Effect.gen(function*() {
    const workload = yield* Flags.requireWorkload(name)
    return yield* make(list, yield* readOptions(list, { ...settings, target, user, workload }))
  }).pipe(Effect.provide(Flags.layer(region)))
  yield* Console.log(JSON.stringify(policy, null, 2))
  return yield* CredentialModule.exit
})
