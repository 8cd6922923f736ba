/** `npx agentcore-identity policy` and `doctor --policy`: the IAM policy of a program, and what another one lacks. */
import * as Arr from "effect/Array"
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
// The minimal policy
// -----------------------------------------------------------------------------

type List = ReadonlyArray<Credentials.Credential>

/** The credentials of a module, or of a setup file. */
export interface Program {
  readonly list: List
  readonly setup?: SetupCredentials.Setup | undefined
}

/** Loads a module or a setup file. */
export const load = Effect.fnUntraced(function*(file: string, command: string, flows?: ReadonlyArray<Flow>) {
  if (!SetupCredentials.isSetupFile(file)) {
    return { list: yield* CredentialModule.load(file, command), setup: undefined }
  }
  const setup = yield* SetupCredentials.read(file)
  return { list: yield* SetupCredentials.declare(setup, flows), setup }
})

/** Returns the workload identity of a program. */
export const requireWorkload = ({ setup }: Program, name: string | undefined) =>
  setup === undefined ? Flags.requireWorkload(name) : SetupCredentials.findWorkload(setup, name)

interface Caller extends Flags.Caller {
  readonly account?: string | undefined
  readonly users?: Users | undefined
}

/** Returns how the program identifies its users, or fails with the choices. */
export const requireUsers = (
  list: List,
  { user, users }: Pick<Caller, "user" | "users">
): Effect.Effect<Users, Flags.InvalidOption> => {
  const credential = list.find(needsUser)
  if (users !== undefined) return Effect.succeed(users)
  if (user !== undefined) return Effect.succeed(user.userId === undefined ? "jwt" : "userId")
  return credential === undefined ? Effect.succeed("none") : new Flags.InvalidOption({
    message:
      `the policy depends on how the program identifies the users of ${credential.key}. Give --users userId (by id: `
      + "it may act for any user), --users jwt (by JWT), or --users runtime (AgentCore Runtime supplies the workload access "
      + "tokens). --user and AGENTCORE_USER_TOKEN choose too"
  })
}

interface Read {
  readonly options: Credentials.PolicyOptions
  /** The secrets of the providers, as far as they are known. */
  readonly secretArns: ReadonlyArray<string>
  /** The providers that the caller may not read. */
  readonly unread: ReadonlyArray<string>
}

/** Reads the options of the minimal policy. */
export const readOptions = Effect.fnUntraced(function*(
  { list, setup }: Program,
  users: Users,
  { account, target, workload }: Caller
) {
  const { providers, secretArns, unread } = setup === undefined
    ? yield* Check.readAccess(list)
    : { ...setup, secretArns: [], unread: [] }
  const found = account ?? (target.local ? yield* Target.findCaller(target.region) : target).account
  const options = { workload, providers, users, account: found ?? unknownAccount, region: target.region }
  return { options, secretArns, unread } satisfies Read
})

/** Whether a problem is about a name that AgentCore does not know. No statement mends it. */
export const isWrongName = ({ _tag }: Credentials.Problem): boolean =>
  _tag === "WorkloadNotFound" || _tag === "ProviderNotFound" || _tag === "ProviderOfOtherKind"

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

/** Only requests of these actions have the keys of users. */
const aboutUsers = /:(GetWorkloadAccessTokenFor|CompleteResourceTokenAuth)/

const makeContext = (credential: Credentials.Credential, user: Flags.Caller["user"], action: string) => {
  if (credential.kind !== "IamAccessToken") return readContext(aboutUsers.test(action) ? user ?? {} : {})
  const { audience, duration, signingAlgorithm = "ES384", tags } = credential.request
  return readContext({
    audience: typeof audience === "string" ? [audience] : audience,
    durationSeconds: duration === undefined ? undefined : Duration.toSeconds(duration),
    signingAlgorithm,
    tags
  })
}

/** Whether a secret has the other form of a name with two forms. Without a secret, it is the older one. */
const isOtherForm = (resource: string, all: ReadonlyArray<string>, secretArns: ReadonlyArray<string>): boolean => {
  const newer = resource.replace(/(-\?{8})?-\?{6}$/, "-????????-??????")
  const older = newer.replace("-????????", "")
  const used = secretArns.some((arn) => IamPolicy.isLike(older, arn)) ? older : newer
  return newer !== older && all.includes(newer) && all.includes(older) && resource !== used
}

/** The calls that a statement of the minimal policy allows. */
const pairsOf = (
  { Action, Resource }: Credentials.Statement,
  secretArns: ReadonlyArray<string>
): ReadonlyArray<Pair> =>
  Action.flatMap((action) =>
    Resource.filter((resource) => !isOtherForm(resource, Resource, secretArns)).map((resource) => ({
      action,
      resource
    }))
  )

/** The condition keys that decide about an allowed call, and whose values only AWS knows. */
const findUnknownKeys = (
  policies: ReadonlyArray<IamPolicy.Policy>,
  call: IamPolicy.Call,
  allowedBy: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const known = Object.entries(call.context).flatMap(([key, value]) => value === undefined ? [] : [key.toLowerCase()])
  const keysOf = (effect: "Allow" | "Deny") =>
    IamPolicy.statementsOf(policies).flatMap(({ name, statement: { Condition = {}, ...statement } }) => {
      const matches = IamPolicy.evaluate([{ Statement: { ...statement, Effect: "Allow" } }], call)._tag === "Allowed"
      return statement.Effect !== effect || !matches || effect === "Allow" && !allowedBy.includes(name)
        ? []
        : [Object.values(Condition).flatMap(Object.keys).filter((key) => !known.includes(key.toLowerCase()))]
    })
  const allows = keysOf("Allow")
  return [...keysOf("Deny"), ...allows.some((keys) => keys.length === 0) ? [] : allows].flat()
}

interface Finding {
  readonly result: "ok" | "problem" | "unknown"
  readonly subject: string
  readonly message: string
  readonly statements?: ReadonlyArray<Credentials.Statement>
}

interface Evaluated {
  readonly credential: Credentials.Credential
  readonly pair: Pair
  readonly call: IamPolicy.Call
  readonly decision: ReturnType<typeof IamPolicy.evaluate>
}

/** Evaluates the calls of a credential. */
const evaluateCalls = Effect.fnUntraced(function*(
  credential: Credentials.Credential,
  policies: ReadonlyArray<IamPolicy.Policy>,
  { options, secretArns }: Read,
  user: Flags.Caller["user"]
) {
  const { Statement } = yield* make([credential], options)
  return Statement.flatMap((statement) => pairsOf(statement, secretArns)).map((pair): Evaluated => {
    const known = secretArns.find((arn) => IamPolicy.isLike(pair.resource, arn))
    const call = {
      ...pair,
      resource: known ?? pair.resource.replaceAll("?", "0"),
      context: makeContext(credential, user, pair.action)
    }
    return { credential, pair, call, decision: IamPolicy.evaluate(policies, call) }
  })
})

/** The calls that the policy denies: a line for each action and resource, with the statements that allow it. */
const findMissing = (
  file: string,
  calls: ReadonlyArray<Evaluated>,
  { Statement }: Credentials.Policy
): ReadonlyArray<Finding> => {
  const denied = calls.flatMap(({ call, credential, decision, pair }) => {
    if (decision._tag === "Allowed") return []
    // Other advice only repeats the pair.
    const advice = decision.advice.includes(call.resource) ? "" : `: ${decision.advice}`
    return [{ key: credential.key, pair, message: `${file} lacks ${pair.action} on ${pair.resource}${advice}` }]
  })
  return Object.entries(Arr.groupBy(denied, ({ message }) => message)).map(([message, all]) => {
    const [{ pair }] = all
    return {
      result: "problem",
      subject: "policy",
      message: `${message}. For ${[...new Set(all.map(({ key }) => key))].join(", ")}`,
      statements: Statement.filter(({ Action, Resource }) =>
        Action.includes(pair.action) && Resource.includes(pair.resource)
      )
    }
  })
}

/** What is said of a credential whose calls the policy allows. */
const describeAllowed = (
  file: string,
  credential: Credentials.Credential,
  unknownKeys: ReadonlyArray<string>,
  unread: ReadonlyArray<string>,
  user: Flags.Caller["user"]
): Finding => {
  const subject = credential.key
  const suffices = `${file} suffices${user === undefined ? "" : ` for ${Flags.describeUser(user)}`}`
  if (unknownKeys.length > 0) {
    const keys = [...new Set(unknownKeys)].join(", ")
    return { result: "unknown", subject, message: `it depends on ${keys} whether ${file} suffices` }
  }
  return credential.kind !== "IamAccessToken" && unread.includes(credential.request.provider)
    ? { result: "unknown", subject, message: `${suffices} if AgentCore stores the secret of its provider` }
    : { result: "ok", subject, message: suffices }
}

/** Finds what the policy of a file lacks for the credentials, and which of its statements they do not need. */
export const compare = Effect.fnUntraced(function*(file: string, list: List, read: Read, user: Flags.Caller["user"]) {
  const policies = [yield* SetupFile.loadPolicy(file)]
  const calls = (yield* Effect.forEach(list, (one) => evaluateCalls(one, policies, read, user))).flat()
  const allowed = list.flatMap((credential) => {
    const own = calls.filter((call) => call.credential === credential)
    if (own.some(({ decision }) => decision._tag !== "Allowed")) return []
    const keys = own.flatMap(({ call, decision }) =>
      decision._tag === "Allowed" ? findUnknownKeys(policies, call, decision.by) : []
    )
    return [describeAllowed(file, credential, keys, read.unread, user)]
  })
  const used = new Set(calls.flatMap(({ decision }) => decision._tag === "Allowed" ? decision.by : []))
  const unused = IamPolicy.statementsOf(policies).flatMap(({ name, statement }): ReadonlyArray<Finding> =>
    statement.Effect !== "Allow" || used.has(name)
      ? []
      : [{ result: "unknown", subject: "policy", message: `${name} of ${file} is not needed for these credentials` }]
  )
  return [...findMissing(file, calls, yield* make(list, read.options)), ...allowed, ...unused]
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
  const target = { ...located, ...account === undefined ? yield* Target.findCaller(located.region) : { account } }
  const source = account !== undefined
    ? "from --account"
    : target.caller === undefined
    ? `a placeholder, because STS did not identify the caller (${target.unknownCaller}). Give --account`
    : `that of ${target.local ? `the local server at ${target.endpoint}` : `the caller ${target.caller}`}`
  yield* Console.error(`Account ${target.account ?? unknownAccount}: ${source}`)
  yield* Console.error(`Region ${target.region}: ${yield* Target.explainRegion(region)}`)
  return target
})

/** Makes the policy of those who use the credentials. */
const makeForProgram = Effect.fnUntraced(function*(settings: Settings) {
  const program = yield* load(settings.module, "policy", settings.flow)
  if (settings.flow !== undefined && program.setup === undefined) {
    return yield* new Flags.InvalidOption({
      message: "--flow is for a setup file. Credentials of a module have a flow"
    })
  }
  const caller = yield* Flags.findCaller(settings)
  const users = yield* requireUsers(program.list, { ...settings, ...caller })
  const target = yield* findPlace(settings)
  const workload = yield* requireWorkload(program, caller.workload)
  const { options, unread } = yield* readOptions(program, users, {
    ...caller,
    target,
    workload,
    account: target.account
  })
  const problems = program.setup === undefined
    ? yield* Effect.orElseSucceed(Credentials.check(program.list, { workload }), () => [])
    : []
  const notes = [
    ...problems.filter(isWrongName).map(({ message }) => message),
    ...unread.length === 0
      ? []
      : [`Not read: ${unread.join(", ")}. The policy assumes that AgentCore stores their secrets`],
    ...program.setup?.hasPayments === true ? ["Not in the policy: the payment credential providers of the file"] : []
  ]
  yield* Effect.forEach(notes, (note) => Console.error(note))
  return yield* make(program.list, options)
}, (effect, { region }) => Effect.provide(effect, Flags.layer(region)))

/** Makes the policy of those who apply a setup file. */
const makeForAdministrator = Effect.fnUntraced(function*(settings: Settings) {
  const { account = unknownAccount, region } = yield* findPlace(settings)
  return AdministratorPolicy.make(yield* SetupCredentials.read(settings.module), { account, region })
})

/** Prints a minimal policy. */
export const print = Effect.fnUntraced(function*(settings: Settings) {
  const policy = yield* settings.administrator === true ? makeForAdministrator(settings) : makeForProgram(settings)
  yield* Console.log(JSON.stringify(policy, null, 2))
  return yield* CredentialModule.exit
})
