/** `agentcore-identity policy` and `doctor --policy`: the IAM policy of a program, and what another one lacks. */
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Flow } from "../ConsentSession.js"
import * as Credentials from "../Credentials.js"
import * as Check from "../credentials/check.js"
import { needsUser, type Users } from "../credentials/policy.js"
import { readContext } from "../internal/iamContext.js"
import * as IamPolicy from "../internal/iamPolicy.js"
import * as SetupFile from "../local/standalone/setupFile.js"
import * as AdministratorPolicy from "./administratorPolicy.js"
import * as Flags from "./credentialFlags.js"
import * as CredentialModule from "./credentialModule.js"
import * as SetupCredentials from "./setupCredentials.js"
import * as Target from "./target.js"

/** A placeholder in a policy. */
export const unknownAccount = "000000000000"

// -----------------------------------------------------------------------------
// The credentials of a program
// -----------------------------------------------------------------------------

type List = ReadonlyArray<Credentials.Credential>

/** The credentials of a module, or of a setup file. */
export interface Program {
  readonly list: List
  readonly setup?: SetupCredentials.Setup | undefined
}

/** Loads a module or a setup file. */
export const load = Effect.fnUntraced(function*(file: string, command: string, flows?: ReadonlyArray<Flow>) {
  const setup = SetupCredentials.isSetupFile(file) ? yield* SetupCredentials.read(file) : undefined
  const list = setup === undefined
    ? yield* CredentialModule.load(file, command)
    : yield* SetupCredentials.declare(setup, flows)
  return { list, setup } satisfies Program
})

/** Returns the workload identity of a program. */
export const requireWorkload = ({ setup }: Program, name: string | undefined, users: Users | undefined) =>
  setup === undefined ? Flags.requireWorkload(name) : SetupCredentials.findWorkload(setup, name, users)

// -----------------------------------------------------------------------------
// The minimal policy
// -----------------------------------------------------------------------------

interface Caller extends Flags.Caller {
  readonly account?: string | undefined
  readonly users?: Users | undefined
}

/** How the program identifies its users, if that is known. */
export const findUsers = (list: List, { user, users }: Pick<Caller, "user" | "users">): Users | undefined =>
  users
    ?? (user !== undefined ? user.userId === undefined ? "jwt" : "userId" : list.some(needsUser) ? undefined : "none")

/** Returns how the program identifies its users, or fails with the choices. */
export const requireUsers = (list: List, caller: Pick<Caller, "user" | "users">) => {
  const users = findUsers(list, caller)
  return users !== undefined ? Effect.succeed(users) : new Flags.InvalidOption({
    message:
      `the policy depends on how the program identifies the users that it acts for with ${
        list.find(needsUser)?.key
      }. Give --users userId (by id: it may act for any user), --users jwt (by JWT), or --users runtime (AgentCore Runtime `
      + "supplies the workload access tokens). --user and AGENTCORE_USER_TOKEN choose too"
  })
}

/**
 * Reads the options of the minimal policy. `unread` names the providers that the caller may not read. The policy is for
 * secrets of theirs that AgentCore stores.
 */
export const readOptions = Effect.fnUntraced(function*(
  { list, setup }: Program,
  users: Users,
  { account, target, workload }: Caller
) {
  const { providers, unread } = setup === undefined
    ? yield* Check.readAccess(list)
    : { providers: setup.providers, unread: [] }
  const options: Credentials.PolicyOptions = {
    workload,
    providers,
    users,
    account: account ?? (target.local ? yield* Target.findCaller(target.region) : target).account ?? unknownAccount,
    region: target.region
  }
  return { options, unread }
})

/** Makes the minimal policy. */
export const make = (list: List, options: Credentials.PolicyOptions) =>
  Flags.declare(() => Credentials.policy(list, options))

// -----------------------------------------------------------------------------
// Comparison
// -----------------------------------------------------------------------------

interface Pair {
  readonly action: string
  readonly resource: string
}

/** Only these operations have the keys of users. */
const isAboutUser = (action: string): boolean => /:(GetWorkloadAccessTokenFor|CompleteResourceTokenAuth)/.test(action)

const makeContext = (
  credential: Credentials.Credential,
  user: Flags.Caller["user"],
  action: string
): IamPolicy.Call["context"] => {
  if (credential.kind !== "IamAccessToken") return readContext(isAboutUser(action) ? user ?? {} : {})
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
const pairsOf = ({ Action, Resource }: Credentials.Statement): ReadonlyArray<Pair> =>
  Action.flatMap((action) =>
    Resource.filter((resource) => !isOlderForm(resource, Resource)).map((resource) => ({ action, resource }))
  )

/** The condition keys that decide about a call. */
const findConditionKeys = (policies: ReadonlyArray<IamPolicy.Policy>, call: IamPolicy.Call): ReadonlyArray<string> =>
  IamPolicy.statementsOf(policies).flatMap(({ statement: { Condition, ...statement } }) =>
    IamPolicy.evaluate([{ Statement: { ...statement, Effect: "Allow" } }], call)._tag === "Allowed"
      ? Object.values(Condition ?? {}).flatMap(Object.keys)
      : []
  )

/** Evaluates policies for a call. `depends` are the keys in their conditions whose values only AWS knows. */
const evaluate = (
  policies: ReadonlyArray<IamPolicy.Policy>,
  credential: Credentials.Credential,
  user: Flags.Caller["user"],
  pair: Pair
) => {
  const context = makeContext(credential, user, pair.action)
  const known = new Set(Object.keys(context).flatMap((key) => context[key] === undefined ? [] : [key.toLowerCase()]))
  const call = { ...pair, resource: pair.resource.replaceAll("?", "0"), context }
  const decision = IamPolicy.evaluate(policies, call)
  const keys = findConditionKeys(policies, call)
  return {
    pair,
    decision,
    isForUser: isAboutUser(pair.action) && keys.some((key) => /^bedrock-agentcore:/i.test(key)),
    depends: keys.filter((key) =>
      !known.has(key.toLowerCase())
      && (/^aws:(CurrentTime|PrincipalArn|ResourceTag)/i.test(key)
        || (/^bedrock-agentcore:/i.test(key) && isAboutUser(pair.action))
        || (/^sts:/i.test(key) && credential.kind !== "IamAccessToken"))
    ),
    // Other advice only repeats the pair.
    advice: decision._tag === "Allowed" || decision.advice.includes(call.resource) ? "" : `: ${decision.advice}`
  }
}

const unique = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]

/** Evaluates the policy of a file for each call that the credentials need. */
export const check = Effect.fnUntraced(function*(
  file: string,
  list: List,
  options: Credentials.PolicyOptions,
  user: Flags.Caller["user"]
) {
  const policies = [yield* SetupFile.loadPolicy(file)]
  const { Statement } = yield* make(list, options)
  const credentials = yield* Effect.forEach(list, (credential) =>
    Effect.map(make([credential], options), (policy) => ({
      credential: credential.key,
      provider: credential.kind === "IamAccessToken" ? undefined : credential.request.provider,
      calls: policy.Statement.flatMap(pairsOf).map((pair) => evaluate(policies, credential, user, pair))
    })))
  const missing = new Map<
    string,
    { readonly pair: Pair; readonly message: string; readonly credentials: Array<string> }
  >()
  const used = new Set<string>()
  for (const { calls, credential } of credentials) {
    for (const { advice, decision, pair } of calls) {
      if (decision._tag === "Allowed") decision.by.forEach((name) => used.add(name))
      else {
        const message = `${pair.action} on ${pair.resource}${advice}`
        const entry = missing.get(message) ?? { pair, message, credentials: [] }
        entry.credentials.push(credential)
        missing.set(message, entry)
      }
    }
  }
  return {
    missing: [...missing.values()].map(({ credentials, message, pair }) => ({
      message,
      credentials: unique(credentials),
      statements: Statement.filter(({ Action, Resource }) =>
        Action.includes(pair.action) && Resource.includes(pair.resource)
      )
    })),
    sufficient: credentials.filter(({ calls }) => calls.every(({ decision }) => decision._tag === "Allowed")).map(
      ({ calls, credential, provider }) => ({
        credential,
        provider,
        isForUser: calls.some(({ isForUser }) => isForUser),
        depends: unique(calls.flatMap(({ depends }) => depends))
      })
    ),
    unused: IamPolicy.statementsOf(policies).flatMap(({ name, statement }) =>
      statement.Effect === "Deny" || used.has(name) ? [] : [name]
    )
  }
})

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

interface Settings extends Flags.CallerFlags, Pick<Caller, "account" | "users"> {
  readonly module: string
  readonly flow?: ReadonlyArray<Flow> | undefined
  readonly region?: string | undefined
  readonly administrator?: boolean | undefined
}

/** Finds account and region, and says on stderr where they come from. */
const findPlace = Effect.fnUntraced(function*({ account, region }: Settings) {
  const located = yield* Target.locate(region, "control")
  const target = account === undefined ? { ...located, ...yield* Target.findCaller(located.region) } : located
  const source = account !== undefined
    ? "from --account"
    : target.caller === undefined
    ? `a placeholder, because STS did not identify the caller (${
      target.unknownCaller ?? "no response"
    }). Give --account`
    : target.local
    ? `that of the local server at ${target.endpoint}`
    : `that of the caller ${target.caller}`
  yield* Console.error(`Account ${account ?? target.account ?? unknownAccount}: ${source}`)
  yield* Console.error(`Region ${target.region}: ${yield* Target.explainRegion(region)}`)
  return target
})

/** Makes the policy of those who use the credentials. */
const makeForProgram = Effect.fnUntraced(function*(settings: Settings) {
  const { flow, module, region } = settings
  const program = yield* load(module, "policy", flow)
  if (flow !== undefined && program.setup === undefined) {
    return yield* new Flags.InvalidOption({
      message: "--flow is for a setup file. The credentials of a module have flows"
    })
  }
  const caller = yield* Flags.findCaller(settings)
  const users = yield* requireUsers(program.list, { ...settings, ...caller })
  const target = yield* findPlace(settings)
  const { options, unread } = yield* Effect.gen(function*() {
    const workload = yield* requireWorkload(program, caller.workload, users)
    return yield* readOptions(program, users, { ...settings, ...caller, target, workload })
  }).pipe(Effect.provide(Flags.layer(region)))
  const readsAny = program.setup === undefined && unread.length < program.list.length
  if (!target.local && (target.caller !== undefined || readsAny)) yield* Target.noteLocalServer
  if (unread.length > 0) {
    yield* Console.error(`Not read: ${unread.join(", ")}. The policy assumes that AgentCore stores their secrets`)
  }
  if ((program.setup?.setup.paymentCredentialProviders ?? []).length > 0) {
    yield* Console.error("Not in the policy: the payment credential providers of the file")
  }
  return yield* make(program.list, options)
})

/** Makes the policy of those who apply a setup file. */
const makeForAdministrator = Effect.fnUntraced(function*(settings: Settings) {
  const { account = unknownAccount, region } = { ...settings, ...yield* findPlace(settings) }
  return AdministratorPolicy.make(yield* SetupCredentials.read(settings.module), { account, region })
})

/** Prints a minimal policy. */
export const print = Effect.fnUntraced(function*(settings: Settings) {
  const policy = yield* settings.administrator === true ? makeForAdministrator(settings) : makeForProgram(settings)
  yield* Console.log(JSON.stringify(policy, null, 2))
  return yield* CredentialModule.exit
})
