/** `agentcore-identity doctor`: looks for what keeps a program from its credentials, and says what to do. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { styleText } from "node:util"
import * as AwsIdentity from "../aws/AwsIdentity.js"
import * as Consent from "../Consent.js"
import * as Credentials from "../Credentials.js"
import * as IamAccessToken from "../IamAccessToken.js"
import { Identity } from "../Identity.js"
import { isDeclared } from "../identity/credentialTag.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import { codeOf } from "../internal/errorCode.js"
import * as HttpDate from "../internal/httpDate.js"
import * as Printable from "../internal/printable.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Flags from "./credentialFlags.js"
import * as Table from "./table.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

export interface Settings extends Flags.CallerFlags, Pick<Flags.AccessTokenFlags, "flow" | "returnUrl" | "scope"> {
  readonly module?: string | undefined
  /** One credential by hand. */
  readonly provider?: string | undefined
  readonly apiKey?: ReadonlyArray<string> | undefined
  readonly region?: string | undefined
  readonly token: boolean
  readonly json?: boolean | undefined
}

/** The exit code where something has to be fixed. */
const problemsFound = 2

/** The local server has this account, unless it was given another one. */
const localAccount = "123456789012"

/** Stands for an account that nothing named. */
const unknownAccount = "000000000000"

// -----------------------------------------------------------------------------
// Findings
// -----------------------------------------------------------------------------

type Result = "ok" | "problem" | "unknown" | "skipped"

interface Finding {
  readonly subject: string
  readonly result: Result
  readonly message: string
  /** What the IAM policy of the caller lacks. */
  readonly statements?: ReadonlyArray<Credentials.Statement>
}

const signs: { readonly [R in Result]: readonly [sign: string, style: Parameters<typeof styleText>[0]] } = {
  ok: ["✓", "green"],
  problem: ["✗", "red"],
  unknown: ["?", "yellow"],
  skipped: ["-", "dim"]
}

const format = ({ message, result, statements = [], subject }: Finding): string => {
  const [sign, style] = signs[result]
  const text = Printable.escape(`${subject.padEnd(22)} ${message}`)
  const line = `${Terminal.hasColor(process.stdout) ? styleText(style, sign) : sign} ${text}`
  const json = JSON.stringify(statements, null, 2)
  return statements.length === 0 ? line : [
    line,
    `  The IAM policy of the caller needs${
      json.includes(unknownAccount) ? `, with your account in the place of ${unknownAccount}` : ""
    }:`,
    ...json.split("\n").map((text) => `    ${Printable.escape(text)}`)
  ].join("\n")
}

/** Prints each finding as it comes, and keeps it. */
const makeReport = (json: boolean) => {
  const findings: Array<Finding> = []
  const add = (result: Result) => (subject: string, message: string, statements: Finding["statements"] = []) =>
    Effect.suspend(() => {
      const finding = { subject, result, message, ...(statements.length === 0 ? {} : { statements }) }
      findings.push(finding)
      return json ? Effect.void : Terminal.printExactly(format(finding))
    })
  return { findings, ok: add("ok"), problem: add("problem"), unknown: add("unknown"), skipped: add("skipped") }
}

type Report = ReturnType<typeof makeReport>

// -----------------------------------------------------------------------------
// Machine and account
// -----------------------------------------------------------------------------

/** What STS and the SDK call credentials that cannot work. */
const unusable =
  /^(CredentialsProviderError|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken(Exception)?|UnrecognizedClientException)$/

const checkCaller = (report: Report, { account, caller, local, unknownCaller = "no answer" }: Target.Target) => {
  const subject = "AWS credentials"
  return local
    ? report.skipped(subject, "the local server has no accounts")
    : caller !== undefined
    ? report.ok(subject, `${caller}, account ${account ?? "unknown"}`)
    : unusable.test(unknownCaller)
    ? report.problem(
      subject,
      `${unknownCaller}. Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`
    )
    : report.unknown(subject, `STS did not say who the caller is: ${unknownCaller}`)
}

/** AWS rejects a signature that is older or newer. */
const maxSkew = 5 * 60_000

const checkClock = (report: Report, ahead: number | undefined) => {
  if (ahead === undefined) return report.unknown("clock", "no endpoint said what time it is")
  const seconds = Math.round(Math.abs(ahead) / 1000)
  // The date of a response has whole seconds, and the response was on its way.
  const message = seconds <= 2 ? "right" : `${seconds} seconds ${ahead > 0 ? "ahead" : "behind"}`
  return Math.abs(ahead) <= maxSkew ? report.ok("clock", message) : report.problem(
    "clock",
    `${message}. AWS refuses signatures with a time that differs by more than 5 minutes: set the clock`
  )
}

const timeLimit = 5000

/**
 * Asks an endpoint for a page. Every response counts, also a rejection. Returns its time, and how far the clock of this
 * machine is ahead, both in milliseconds. Fails with the code of the error.
 */
const probe = (endpoint: string) =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const response = yield* Effect.tryPromise({
      // Nothing is signed, so nothing secret is sent.
      try: (signal) => boundedFetch(endpoint, { redirect: "manual" }, { timeout: timeLimit, signal }),
      // `fetch` has the reason as the cause of its own error.
      catch: (error) => codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
    })
    const end = yield* Clock.currentTimeMillis
    const date = Option.map(HttpDate.parse(response.headers.get("date") ?? ""), DateTime.toEpochMillis)
    return {
      millis: end - start,
      // A date has whole seconds: on average the time there is half a second later.
      ahead: Option.isNone(date) ? undefined : (start + end) / 2 - (date.value + 500)
    }
  })

/** Whether both planes respond. */
const checkEndpoints = (report: Report, target: Target.Target) =>
  Effect.gen(function*() {
    let ahead: number | undefined
    let responses = 0
    for (
      const [subject, endpoint] of [
        ["control plane", target.endpoint],
        ["data plane", yield* Target.findEndpoint("data", target.region)]
      ] as const
    ) {
      const response = yield* Effect.result(probe(endpoint))
      if (Result.isFailure(response)) {
        const advice = "Check the region, the network, and variables with \"ENDPOINT\" in their name"
        yield* report.problem(subject, `${endpoint} does not answer (${response.failure}). ${advice}`)
        continue
      }
      responses++
      ahead ??= response.success.ahead
      yield* report.ok(subject, `${endpoint}, ${response.success.millis} ms`)
    }
    yield* checkClock(report, ahead)
    return responses === 2
  })

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

const usersOf = ({ user }: Flags.Caller): Credentials.PolicyOptions["users"] =>
  user === undefined ? "none" : user.userId === undefined ? "jwt" : "userId"

const makePolicy = (
  list: ReadonlyArray<Credentials.Credential>,
  target: Target.Target,
  caller: Flags.Caller,
  workload: string
) =>
  Effect.flatMap(
    // Without the right to read the providers, the policy is for secrets that AgentCore stores.
    Effect.orElseSucceed(Credentials.externalSecrets(list), () => ({})),
    (secrets) =>
      Flags.declare(() =>
        Credentials.policy(list, {
          workload,
          secrets,
          account: target.account ?? (target.local ? localAccount : unknownAccount),
          region: target.region,
          users: usersOf(caller)
        })
      )
  )

/** The statements for what the service refused. It reads the secrets of providers with the caller's rights. */
const findStatements = ({ Statement }: Credentials.Policy, error: unknown) => {
  const isDenied = hasProperty(error, "_tag") && error._tag === "AccessDeniedException"
    || hasProperty(error, "code") && error.code === "AccessDenied"
  if (!isDenied || !hasProperty(error, "operation")) return []
  const isAboutSecret = /secret/i.test(error instanceof Error ? error.message : "")
  const actions = [`bedrock-agentcore:${String(error.operation)}`, `sts:${String(error.operation)}`]
  return Statement.filter(({ Action, Sid }) =>
    Action.some((action) => actions.includes(action)) || (isAboutSecret && Sid === "ProviderSecrets")
  )
}

/** One attempt. It shows nothing to the user. */
const attempt = (credential: Credentials.Credential) =>
  Effect.gen(function*() {
    if (credential.kind === "IamAccessToken") {
      yield* IamAccessToken.get(credential)
      return "STS issued a token"
    }
    const identity = yield* Identity
    if (credential.kind === "ApiKey") {
      yield* identity.getApiKey(credential)
      return "AgentCore returned the key"
    }
    return yield* Effect.as(
      identity.getAccessToken(credential, { consent: Consent.fail }),
      "AgentCore returned a token"
    ).pipe(
      Effect.catchTag("RequiresUserConsent", () =>
        Effect.succeed("AgentCore asks for the user's consent (the session of this attempt lapses in 10 minutes)"))
    )
  })

const nameOf = (problem: Credentials.Problem): string | undefined =>
  "credential" in problem ? problem.credential : undefined

const needsUser = (credential: Credentials.Credential): boolean =>
  credential.kind === "AccessToken" && credential.request.flow !== "M2M"

const checkCredentials = (
  report: Report,
  list: ReadonlyArray<Credentials.Credential>,
  options: {
    readonly target: Target.Target
    readonly caller: Flags.Caller
    readonly workload: string
    readonly token: boolean
  }
) =>
  Effect.gen(function*() {
    const { caller, target, token, workload } = options
    const policy = yield* makePolicy(list, target, caller, workload)
    const reportError = (subject: string, error: unknown) =>
      report.problem(subject, Terminal.describeError(error), findStatements(policy, error))
    const reportProblem = (subject: string, { _tag, message }: Credentials.Problem) =>
      report[_tag === "NotVisible" ? "unknown" : "problem"](subject, message.replace(`${subject}: `, ""))

    const problems = yield* Effect.result(Credentials.check(list, { workload }))
    if (Result.isFailure(problems)) {
      yield* reportError("set-up", problems.failure)
      return policy
    }
    const ofWorkload = problems.success.filter((problem) => nameOf(problem) === undefined)
    for (const problem of ofWorkload) yield* reportProblem("workload identity", problem)
    if (ofWorkload.length === 0) yield* report.ok("workload identity", workload)

    const { get } = yield* WorkloadAccessToken.WorkloadAccessToken
    const withToken = token && list.some(({ kind }) => kind !== "IamAccessToken")
      ? yield* Effect.result(get)
      : undefined
    const hasNoToken = withToken !== undefined && Result.isFailure(withToken)
    if (hasNoToken) yield* reportError("workload access token", withToken.failure)
    else if (withToken !== undefined) {
      yield* report.ok("workload access token", `for ${Flags.describeUser(caller.user)}`)
    }
    for (const credential of list) {
      const subject = credential.key
      const own = problems.success.filter((problem) => nameOf(problem) === subject)
      for (const problem of own) yield* reportProblem(subject, problem)
      // A provider that is missing or of another kind needs no attempt.
      if (own.some(({ _tag }) => _tag !== "NotVisible")) continue
      if (!token) {
        yield* report[own.length === 0 ? "ok" : "skipped"](subject, "looked at, and not asked for")
      } else if (credential.kind !== "IamAccessToken" && hasNoToken) {
        yield* report.skipped(subject, "not asked for without a workload access token")
      } else if (needsUser(credential) && caller.user === undefined) {
        yield* report.skipped(subject, "not asked for without a user: give --user or AGENTCORE_USER_TOKEN")
      } else {
        const outcome = yield* Effect.result(attempt(credential))
        yield* Result.isFailure(outcome) ? reportError(subject, outcome.failure) : report.ok(subject, outcome.success)
      }
    }
    return policy
  })

// -----------------------------------------------------------------------------
// The module
// -----------------------------------------------------------------------------

export class CannotLoadModule extends Data.TaggedError("CannotLoadModule")<{ readonly message: string }> {}

/** Node 20 loads no TypeScript. Later versions load what needs no compiler. */
const needsCompiler = ["ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"]

const describeLoadError = (error: unknown): string =>
  needsCompiler.includes(codeOf(error))
    ? "it is no plain ES module. Compile TypeScript first, and name the JavaScript"
    : error instanceof Error
    ? error.message
    : String(error)

const isCredential = (value: unknown): value is Credentials.Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

/** The credentials that a module exports, each once. It runs the module. */
const loadCredentials = (file: string): Effect.Effect<ReadonlyArray<Credentials.Credential>, CannotLoadModule> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(file)).href),
    catch: (error) => new CannotLoadModule({ message: `Cannot load ${file}: ${describeLoadError(error)}` })
  }).pipe(
    Effect.map((module) =>
      [...new Set(Object.values(module).flatMap((value) => Array.isArray(value) ? value : [value]))].filter(
        isCredential
      )
    ),
    Effect.filterOrFail(
      (credentials) => credentials.length > 0,
      () =>
        new CannotLoadModule({
          message:
            `${file} exports no declared credential, a class of AccessToken.Tag, ApiKey.Tag or IamAccessToken.Tag`
        })
    )
  )

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

const collect = ({ apiKey = [], flow, module, provider, scope }: Settings) =>
  Effect.gen(function*() {
    const byHand = [
      ...(provider === undefined ? [] : [yield* Flags.accessToken({ provider, flow, scope })]),
      ...(yield* Effect.forEach(apiKey, Flags.apiKey))
    ]
    return module === undefined ? byHand : [...byHand, ...(yield* loadCredentials(module))]
  })

const look = (report: Report, settings: Settings, list: ReadonlyArray<Credentials.Credential>) =>
  Effect.gen(function*() {
    const caller = yield* Flags.findCaller(settings)
    const found = yield* Effect.result(Target.find(settings.region))
    if (Result.isFailure(found)) {
      yield* report.problem("region and endpoints", String(found.failure))
      return {}
    }
    const target = found.success
    yield* report.ok("region", target.region)
    yield* checkCaller(report, target)
    const hasResponses = yield* checkEndpoints(report, target)
    if (caller.workload === undefined) {
      const { message } = new Flags.MissingCaller({ missing: "workload" })
      yield* report[list.length === 0 ? "skipped" : "problem"]("workload identity", message)
      return { target }
    }
    if (!hasResponses) {
      yield* report.skipped("credentials", "not looked at without an answer")
      return { target }
    }
    const policy = yield* checkCredentials(report, list, {
      target,
      caller,
      workload: caller.workload,
      token: settings.token
    }).pipe(
      Effect.provideService(Consent.ReturnUrl, Option.fromNullishOr(settings.returnUrl)),
      Effect.provide(
        WorkloadAccessToken.layerWorkload({ name: caller.workload, user: caller.user }).pipe(
          Layer.provideMerge(AwsIdentity.layer({ region: settings.region }))
        )
      )
    )
    return { target, policy }
  })

export const run = (settings: Settings) =>
  Effect.gen(function*() {
    const report = makeReport(settings.json === true)
    const list = yield* collect(settings)
    const { policy, target } = yield* look(report, settings, list)
    const { findings } = report
    const count = findings.filter(({ result }) => result === "problem").length
    yield* settings.json === true
      ? Table.printJson({ target, problems: count, findings, policy })
      : Console.log(
        `\n${count === 0 ? "No problem found." : `${count} ${count === 1 ? "problem" : "problems"} to fix.`}`
      )
    if (count > 0) process.exitCode = problemsFound
    // A module that was loaded may have started something that never ends.
    if (settings.module !== undefined) {
      return yield* Effect.callback<never>(() => {
        process.stdout.write("", () => process.exit())
      })
    }
  })
