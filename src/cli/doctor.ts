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
import type { ControlPlane } from "../ControlPlane.js"
import * as Credentials from "../Credentials.js"
import * as IamAccessToken from "../IamAccessToken.js"
import { Identity } from "../Identity.js"
import { isDeclared } from "../identity/credentialTag.js"
import type { ValidationException } from "../IdentityError.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import { codeOf } from "../internal/errorCode.js"
import * as HttpDate from "../internal/httpDate.js"
import * as Printable from "../internal/printable.js"
import type { SecurityTokenService } from "../SecurityTokenService.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Flags from "./credentialFlags.js"
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
  const add = (finding: Finding): Effect.Effect<void> =>
    Effect.suspend(() => {
      findings.push(finding)
      return json ? Effect.void : Terminal.printExactly(format(finding))
    })
  return { findings, add }
}

type Report = ReturnType<typeof makeReport>

// -----------------------------------------------------------------------------
// Machine and account
// -----------------------------------------------------------------------------

/** What STS and the SDK call credentials that cannot work. */
const unusable =
  /^(CredentialsProviderError|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken(Exception)?|UnrecognizedClientException)$/

const checkCaller = ({ account, caller, local, unknownCaller = "no answer" }: Target.Target): Finding => {
  const subject = "AWS credentials"
  return local
    ? { subject, result: "skipped", message: "the local server has no accounts" }
    : caller !== undefined
    ? { subject, result: "ok", message: `${caller}, account ${account ?? "unknown"}` }
    : unusable.test(unknownCaller)
    ? {
      subject,
      result: "problem",
      message: `${unknownCaller}. Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`
    }
    : { subject, result: "unknown", message: `STS did not say who the caller is: ${unknownCaller}` }
}

/** AWS refuses a signature that is older or newer. */
const maxSkew = 5 * 60_000

const checkClock = (ahead: number): Finding => {
  const seconds = Math.round(Math.abs(ahead) / 1000)
  // The date of an answer has whole seconds, and the answer was on its way.
  const message = seconds <= 2 ? "right" : `${seconds} seconds ${ahead > 0 ? "ahead" : "behind"}`
  return Math.abs(ahead) > maxSkew
    ? {
      subject: "clock",
      result: "problem",
      message: `${message}. AWS refuses signatures with a time that differs by more than 5 minutes: set the clock`
    }
    : { subject: "clock", result: "ok", message }
}

interface Answer {
  /** The time from the request to the answer, in milliseconds. */
  readonly millis: number
  /** How far the clock of this machine is ahead, in milliseconds. None if the answer has no date. */
  readonly ahead: number | undefined
}

const timeLimit = 5000

/** Asks an endpoint for a page. Every answer counts, also a refusal. Fails with the code of the error. */
const ask = (endpoint: string): Effect.Effect<Answer, string> =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    const response = yield* Effect.tryPromise({
      // Nothing is signed, so nothing secret is sent.
      try: (signal) => boundedFetch(endpoint, { redirect: "manual" }, { timeout: timeLimit, signal }),
      // `fetch` has the reason as the cause of its own error.
      catch: (error) => codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
    })
    const end = yield* Clock.currentTimeMillis
    const date = HttpDate.parse(response.headers.get("date") ?? "")
    return {
      millis: end - start,
      // A date has whole seconds: on average the time there is half a second later.
      ahead: Option.match(date, {
        onNone: () => undefined,
        onSome: (date) => (start + end) / 2 - (DateTime.toEpochMillis(date) + 500)
      })
    }
  })

/** Whether both planes answer. */
const checkEndpoints = (report: Report, target: Target.Target) =>
  Effect.gen(function*() {
    let ahead: number | undefined
    let answers = 0
    for (
      const [subject, endpoint] of [
        ["control plane", target.endpoint],
        ["data plane", yield* Target.findEndpoint("data", target.region)]
      ] as const
    ) {
      const answer = yield* Effect.result(ask(endpoint))
      if (Result.isSuccess(answer)) {
        answers++
        ahead ??= answer.success.ahead
        yield* report.add({ subject, result: "ok", message: `${endpoint}, ${answer.success.millis} ms` })
      } else {
        yield* report.add({
          subject,
          result: "problem",
          message:
            `${endpoint} does not answer (${answer.failure}). Check the region, the network, and variables with "ENDPOINT" in their name`
        })
      }
    }
    yield* report.add(
      ahead === undefined
        ? { subject: "clock", result: "unknown", message: "no endpoint said what time it is" }
        : checkClock(ahead)
    )
    return answers === 2
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
const findStatements = (
  { Statement }: Credentials.Policy,
  error: unknown
): ReadonlyArray<Credentials.Statement> => {
  const isDenied = hasProperty(error, "_tag") && error._tag === "AccessDeniedException"
    || hasProperty(error, "code") && error.code === "AccessDenied"
  if (!isDenied || !hasProperty(error, "operation")) return []
  const isAboutSecret = /secret/i.test(error instanceof Error ? error.message : "")
  const actions = [`bedrock-agentcore:${String(error.operation)}`, `sts:${String(error.operation)}`]
  return Statement.filter(({ Action, Sid }) =>
    Action.some((action) => actions.includes(action)) || (isAboutSecret && Sid === "ProviderSecrets")
  )
}

const toProblem = (subject: string, error: unknown, policy: Credentials.Policy): Finding => {
  const statements = findStatements(policy, error)
  return {
    subject,
    result: "problem",
    message: Terminal.describeError(error),
    ...(statements.length === 0 ? {} : { statements })
  }
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

/** A provider that is missing or of another kind needs no attempt. */
const isFatal = ({ _tag }: Credentials.Problem): boolean => _tag !== "NotVisible"

const nameOf = (problem: Credentials.Problem): string | undefined =>
  "credential" in problem ? problem.credential : undefined

const toFinding = (subject: string, problem: Credentials.Problem): Finding => ({
  subject,
  result: problem._tag === "NotVisible" ? "unknown" : "problem",
  message: problem.message.replace(`${subject}: `, "")
})

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
): Effect.Effect<
  Credentials.Policy,
  ValidationException,
  ControlPlane | Identity | SecurityTokenService | WorkloadAccessToken.WorkloadAccessToken
> =>
  Effect.gen(function*() {
    const { caller, target, token, workload } = options
    const policy = yield* makePolicy(list, target, caller, workload)
    const problems = yield* Effect.result(Credentials.check(list, { workload }))
    if (Result.isFailure(problems)) {
      yield* report.add(toProblem("set-up", problems.failure, policy))
      return policy
    }
    const ofWorkload = problems.success.filter((problem) => nameOf(problem) === undefined)
    for (const problem of ofWorkload) yield* report.add(toFinding("workload identity", problem))
    if (ofWorkload.length === 0) yield* report.add({ subject: "workload identity", result: "ok", message: workload })

    const { get } = yield* WorkloadAccessToken.WorkloadAccessToken
    const withToken = token && list.some(({ kind }) => kind !== "IamAccessToken")
      ? yield* Effect.result(get)
      : undefined
    const acting = `for ${Flags.describeUser(caller.user)}`
    if (withToken !== undefined) {
      yield* report.add(
        Result.isFailure(withToken)
          ? toProblem("workload access token", withToken.failure, policy)
          : { subject: "workload access token", result: "ok", message: acting }
      )
    }
    for (const credential of list) {
      const subject = credential.key
      const own = problems.success.filter((problem) => nameOf(problem) === subject)
      for (const problem of own) yield* report.add(toFinding(subject, problem))
      if (own.some(isFatal)) continue
      const skip = !token
        ? "looked at, and not asked for"
        : credential.kind !== "IamAccessToken" && withToken !== undefined && Result.isFailure(withToken)
        ? "not asked for without a workload access token"
        : needsUser(credential) && caller.user === undefined
        ? "not asked for without a user: give --user or AGENTCORE_USER_TOKEN"
        : undefined
      if (skip !== undefined) {
        yield* report.add({ subject, result: !token && own.length === 0 ? "ok" : "skipped", message: skip })
        continue
      }
      const outcome = yield* Effect.result(attempt(credential))
      yield* report.add(
        Result.isFailure(outcome)
          ? toProblem(subject, outcome.failure, policy)
          : { subject, result: "ok", message: outcome.success }
      )
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
      yield* report.add({ subject: "region and endpoints", result: "problem", message: String(found.failure) })
      return {}
    }
    const target = found.success
    yield* report.add({ subject: "region", result: "ok", message: target.region })
    yield* report.add(checkCaller(target))
    const answers = yield* checkEndpoints(report, target)
    if (caller.workload === undefined) {
      yield* report.add({
        subject: "workload identity",
        result: list.length === 0 ? "skipped" : "problem",
        message: new Flags.MissingCaller({ missing: "workload" }).message
      })
      return { target }
    }
    if (!answers) {
      yield* report.add({ subject: "credentials", result: "skipped", message: "not looked at without an answer" })
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
    yield* Console.log(
      settings.json === true
        ? JSON.stringify({ target, problems: count, findings, policy }, null, 2)
        : `\n${count === 0 ? "No problem found." : `${count} ${count === 1 ? "problem" : "problems"} to fix.`}`
    )
    yield* Effect.sync(() => {
      if (count > 0) process.exitCode = problemsFound
    })
    // A module that was loaded may have started something that never ends.
    if (settings.module !== undefined) {
      return yield* Effect.callback<never>(() => {
        process.stdout.write("", () => process.exit())
      })
    }
  })
