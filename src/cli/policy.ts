/** `npx agentcore-identity policy` and `doctor --policy`: the IAM policy of a program, and what another one lacks. */
import * as Arr from "effect/Array"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isNotUndefined } from "effect/Predicate"
import * as Record from "effect/Record"
import type { Flow } from "../ConsentSession.js"
import * as Credentials from "../Credentials.js"
import * as Check from "../internal/credentials/check.js"
import { needsUser, type Users } from "../internal/credentials/policy.js"
import { readContext } from "../internal/iamContext.js"
import * as IamPolicy from "../internal/iamPolicy.js"
import * as SetupFile from "../local/standalone/setupFile.js"
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

export interface Program {
  readonly list: List
  readonly setup?: SetupCredentials.Setup | undefined
}

export const load = Effect.fnUntraced(function*(file: string, command: string, flows?: ReadonlyArray<Flow>) {
  if (!SetupCredentials.isSetupFile(file)) {
    return { list: yield* CredentialModule.load(file, command), setup: undefined }
  }
  const setup = yield* SetupCredentials.read(file)
  return { list: yield* SetupCredentials.declare(setup, flows), setup }
})

export const requireWorkload = ({ setup }: Program, name: string | undefined) =>
  setup === undefined ? Flags.requireWorkload(name) : SetupCredentials.findWorkload(setup, name)

/** What a policy depends on, in addition to the credentials. */
export interface PolicyFlags {
  readonly account?: string | undefined
  readonly users?: Users | undefined
}

/** Returns how the program identifies its users, or fails with the choices. */
export const requireUsers = (
  list: List,
  { user, users }: Pick<Flags.Caller, "user"> & PolicyFlags
): Effect.Effect<Users, Flags.InvalidOption> => {
  const credential = list.find(needsUser)
  if (users !== undefined) return Effect.succeed(users)
  if (user !== undefined) return Effect.succeed(user.userId === undefined ? "jwt" : "userId")
  return credential === undefined ? Effect.succeed("none") : new Flags.InvalidOption({
    message:
      `the policy depends on how the program identifies the users of ${credential.key}. Give --users userId (by id: `
      + "it may act for any user), --users jwt (by JWT), or --users runtime (AgentCore Runtime supplies the workload access "
      + "tokens). --user or AGENTCORE_USER_TOKEN decides it, too"
  })
}

/** Reads the options of the minimal policy, and those with the ARNs of the secrets that AgentCore stores. */
export const readOptions = Effect.fnUntraced(function*(
  { list, setup }: Program,
  users: Users,
  { account, target, workload }: Flags.Caller & PolicyFlags
) {
  const { exact, providers, unread } = setup === undefined
    ? yield* Check.readAccess(list)
    : { exact: setup.providers, providers: setup.providers, unread: [] }
  const found = account ?? (target.local ? yield* Target.findCaller(target.region) : target).account
  const options = { workload, providers, users, account: found ?? unknownAccount, region: target.region }
  return { options, exact: { ...options, providers: exact }, unread }
})

export type Read = Effect.Success<ReturnType<typeof readOptions>>

/** Whether a problem is about a name that AgentCore does not know. No statement fixes it. */
export const isWrongName = ({ _tag }: Credentials.Problem): boolean =>
  _tag === "WorkloadNotFound" || _tag === "ProviderNotFound" || _tag === "ProviderOfOtherKind"

export const make = (list: List, options: Credentials.PolicyOptions) =>
  Flags.declare(() => Credentials.policy(list, options))

// -----------------------------------------------------------------------------
// Comparison
// -----------------------------------------------------------------------------

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

/** The condition keys that decide about an allowed call, and whose values only AWS knows. */
const findUnknownKeys = (
  policies: ReadonlyArray<IamPolicy.Policy>,
  call: IamPolicy.Call,
  allowedBy: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const known = Object.keys(Record.filter(call.context, isNotUndefined)).map((key) => key.toLowerCase())
  const keysOf = ({ statement: { Condition = {} } }: IamPolicy.Named) =>
    Object.values(Condition).flatMap(Object.keys).filter((key) => !known.includes(key.toLowerCase()))
  const about = IamPolicy.statementsOf(policies).filter(({ statement }) => IamPolicy.isAbout(statement, call))
  const denies = about.filter(({ statement }) => statement.Effect === "Deny").map(keysOf)
  const allows = about.filter(({ name }) => allowedBy.includes(name)).map(keysOf)
  return [...denies, ...allows.some((keys) => keys.length === 0) ? [] : allows].flat()
}

/** A line of `doctor`. */
export interface Finding {
  readonly subject: string
  readonly result: "ok" | "problem" | "unknown" | "skipped"
  readonly message: string
  /** The statements that the IAM policy of the caller lacks. */
  readonly statements?: ReadonlyArray<Credentials.Policy["Statement"][number]>
}

const evaluateCalls = Effect.fnUntraced(function*(
  credential: Credentials.Credential,
  policies: ReadonlyArray<IamPolicy.Policy>,
  options: Credentials.PolicyOptions,
  user: Flags.Caller["user"]
) {
  const { Statement } = yield* make([credential], options)
  return Statement.flatMap(({ Action, Resource }) => {
    const isOlderForm = (arn: string) =>
      Resource.includes(arn.replace(/-\?{6}$/, "-????????$&")) && arn.endsWith("-??????")
    return Action.flatMap((action) =>
      Resource.filter((arn) => !isOlderForm(arn)).map((pattern) => {
        const call = { action, resource: pattern.replaceAll("?", "0"), context: makeContext(credential, user, action) }
        return { credential, pattern, call, decision: IamPolicy.evaluate(policies, call) }
      })
    )
  })
})

type Evaluated = Effect.Success<ReturnType<typeof evaluateCalls>>[number]

/** The calls that the policy denies: a line for each action and resource, with the statements that allow it. */
const findMissing = (
  file: string,
  calls: ReadonlyArray<Evaluated>,
  { Statement }: Credentials.Policy
): ReadonlyArray<Finding> => {
  const denied = calls.flatMap(({ call: { action, resource }, credential: { key }, decision, pattern }) => {
    if (decision._tag === "Allowed") return []
    // Other advice only repeats the pair.
    const advice = decision.advice.includes(resource) ? "" : `: ${decision.advice}`
    return [{ key, action, message: `${file} lacks ${action} on ${pattern}${advice}` }]
  })
  return Object.entries(Arr.groupBy(denied, ({ message }) => message)).map(([message, all]) => ({
    result: "problem",
    subject: "policy",
    message: `${message}. For ${Arr.dedupe(all.map(({ key }) => key)).join(", ")}`,
    statements: Statement.filter(({ Action }) => Action.includes(all[0].action))
  }))
}

/** Describes the place of a policy if all of its resources are in another account or region than the target. */
const findOtherPlace = (
  policies: ReadonlyArray<IamPolicy.Policy>,
  { account, region }: Credentials.PolicyOptions
): string | undefined => {
  const places = IamPolicy.statementsOf(policies).flatMap(({ statement: { Resource = "*" } }) =>
    [Resource].flat().map((arn) => arn.split(":"))
  )
  const isAt = (pattern = "*", value: string) => ["", value].includes(pattern) || IamPolicy.isLike(pattern, value)
  const isHere = (at: ReadonlyArray<string>) =>
    isAt(at[3], region) && (account === unknownAccount || isAt(at[4], account))
  const describe = (account: unknown, region: unknown) => `account ${account} and region ${region}`
  return places[0] === undefined || places.some(isHere)
    ? undefined
    : `${describe(places[0][4], places[0][3])}, the target is ${describe(account, region)}`
}

/** Finds what the policy of a file lacks for the credentials, and which of its statements they do not need. */
export const compare = Effect.fnUntraced(function*(
  file: string,
  list: List,
  { exact, options, unread }: Read,
  user: Flags.Caller["user"]
) {
  const policies = [yield* SetupFile.loadPolicy(file)]
  const place = findOtherPlace(policies, options)
  if (place !== undefined) {
    return [{ result: "problem", subject: "policy", message: `${file} is for ${place}` } satisfies Finding]
  }
  const calls = (yield* Effect.forEach(list, (one) => evaluateCalls(one, policies, exact, user))).flat()
  const suffices = `${file} suffices${user === undefined ? "" : ` for ${Flags.describeUser(user)}`}`
  const allowed = list.flatMap((credential): ReadonlyArray<Finding> => {
    const own = calls.filter((call) => call.credential === credential)
    if (own.some(({ decision }) => decision._tag !== "Allowed")) return []
    const subject = credential.key
    const keys = own.flatMap(({ call, decision }) =>
      decision._tag === "Allowed" ? findUnknownKeys(policies, call, decision.by) : []
    )
    if (keys.length > 0) {
      const message = `whether ${file} suffices depends on ${Arr.dedupe(keys).join(", ")}`
      return [{ result: "unknown", subject, message }]
    }
    return credential.kind !== "IamAccessToken" && unread.includes(credential.request.provider)
      ? [{ result: "unknown", subject, message: `${suffices} if AgentCore stores the secret of its provider` }]
      : [{ result: "ok", subject, message: suffices }]
  })
  const used = calls.flatMap(({ decision }) => decision._tag === "Allowed" ? decision.by : [])
  const unused = IamPolicy.statementsOf(policies).flatMap(({ name, statement }): ReadonlyArray<Finding> =>
    statement.Effect !== "Allow" || used.includes(name)
      ? []
      : [{ result: "unknown", subject: "policy", message: `${name} of ${file} is not needed for these credentials` }]
  )
  return [...findMissing(file, calls, yield* make(list, options)), ...allowed, ...unused]
})

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

interface Settings extends Flags.CallerFlags, PolicyFlags {
  readonly module: string
  readonly flow?: ReadonlyArray<Flow> | undefined
  readonly administrator?: boolean | undefined
}

/** Finds account and region, and says on stderr where they come from. */
const findPlace = Effect.fnUntraced(function*({ account, region }: Settings) {
  const located = yield* Target.locate(region, "control")
  const target = { ...located, ...account === undefined ? yield* Target.findCaller(located.region) : { account } }
  const source = account !== undefined
    ? "from --account"
    : target.caller === undefined
    ? `a placeholder, for a local server: STS did not identify the caller (${target.unknownCaller}). For AWS, give --account`
    : `that of ${target.local ? `the local server at ${target.endpoint}` : `the caller ${target.caller}`}`
  yield* Console.error(`Account ${target.account ?? unknownAccount}: ${source}`)
  yield* Console.error(`Region ${target.region}: ${yield* Target.explainRegion(region)}`)
  return target
})

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
  const workload = yield* Effect.catchTag(
    requireWorkload(program, caller.workload),
    "TransportError",
    ({ message }) => new Flags.MissingCaller({ message: `${message}, or give --workload` })
  )
  const { options, unread } = yield* readOptions(program, users, {
    ...caller,
    target,
    workload,
    account: target.account
  })
  const problems = program.setup === undefined
    ? yield* Effect.orElseSucceed(Credentials.check(program.list, { workload }), () => [])
    : []
  const notes = problems.filter(isWrongName).map(({ message }) => message)
  if (unread.length > 0) {
    notes.push(`Not read: ${unread.join(", ")}. The policy assumes that AgentCore stores their secrets`)
  }
  if (program.setup?.hasPayments === true) {
    notes.push("Not in the policy: the payment credential providers of the file")
  }
  yield* Effect.forEach(notes, (note) => Console.error(note))
  return yield* make(program.list, options)
}, (effect, { region }) => Effect.provide(effect, Flags.layer(region)))

const makeForAdministrator = Effect.fnUntraced(function*(settings: Settings) {
  const { account = unknownAccount, region } = yield* findPlace(settings)
  return SetupCredentials.makeAdministratorPolicy(yield* SetupCredentials.read(settings.module), { account, region })
})

export const print = Effect.fnUntraced(function*(settings: Settings) {
  const policy = yield* settings.administrator === true ? makeForAdministrator(settings) : makeForProgram(settings)
  yield* Console.log(JSON.stringify(policy, null, 2))
  return yield* CredentialModule.exit
})
