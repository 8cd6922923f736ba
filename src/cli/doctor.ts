/** `npx agentcore-identity doctor`: finds out why a program does not get its credentials, and what to fix. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as Consent from "../Consent.js"
import * as Credentials from "../Credentials.js"
import * as IamAccessToken from "../IamAccessToken.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import { parseHttpDate } from "../internal/dates.js"
import * as Messages from "../internal/messages.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Causes from "./causes.js"
import * as Flags from "./credentialFlags.js"
import * as CredentialModule from "./credentialModule.js"
import * as Policy from "./policy.js"
import * as Table from "./printTable.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

interface Settings
  extends Flags.CallerFlags, Policy.PolicyFlags, Pick<Flags.AccessTokenFlags, "flow" | "returnUrl" | "scope">
{
  readonly module?: string | undefined
  readonly provider?: string | undefined
  readonly apiKey?: ReadonlyArray<string> | undefined
  /** Whether to request the credentials. */
  readonly token: boolean
  readonly policy?: string | undefined
  readonly json?: boolean | undefined
}

/** The exit code if there are problems. */
const problemsFound = 2

// -----------------------------------------------------------------------------
// Findings
// -----------------------------------------------------------------------------

const signs = { ok: ["✓", "green"], problem: ["✗", "red"], unknown: ["?", "yellow"], skipped: ["-", "dim"] } as const

const format = ({ message, result, subject }: Policy.Finding): string => {
  const [sign, color] = signs[result]
  return `${Terminal.makeStyle(process.stdout)(color, sign)} ${Messages.escape(`${subject.padEnd(22)} ${message}`)}`
}

/** Formats the statements that findings have, each once. */
const formatStatements = (findings: ReadonlyArray<Policy.Finding>): ReadonlyArray<string> => {
  const statements = findings.flatMap(({ statements = [] }) => statements)
  const json = JSON.stringify([...new Map(statements.map((one) => [one.Sid, one])).values()], null, 2)
  const hint = json.includes(Policy.unknownAccount) ? `, with your account instead of ${Policy.unknownAccount}` : ""
  return statements.length === 0
    ? []
    : ["", `The IAM policy of the program needs${hint}:`, ...json.split("\n").map(Messages.escape)]
}

/** Collects the findings, and prints each at once unless the output is JSON. */
const makeReport = (json: boolean) => {
  const findings: Array<Policy.Finding> = []
  const report = (
    result: Policy.Finding["result"],
    subject: string,
    message: string,
    statements: ReadonlyArray<Credentials.Policy["Statement"][number]> = []
  ) =>
    Effect.suspend(() => {
      const finding = { subject, result, message, ...(statements.length === 0 ? {} : { statements }) }
      findings.push(finding)
      return json ? Effect.void : Terminal.printExactly(format(finding))
    })
  return { findings, report }
}

type Report = ReturnType<typeof makeReport>["report"]

// -----------------------------------------------------------------------------
// Machine and account
// -----------------------------------------------------------------------------

/** Codes of STS and names of errors of the SDK. */
const invalidCredentials =
  /^(CredentialsProviderError|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken(Exception)?|UnrecognizedClientException)$/

const checkCaller = (report: Report, { account, caller, local, unknownCaller = "no response" }: Target.Target) => {
  const subject = "AWS credentials"
  if (local) return report("skipped", subject, "the local server has no accounts")
  if (caller !== undefined) return report("ok", subject, `${caller}, account ${account ?? "unknown"}`)
  if (!invalidCredentials.test(unknownCaller)) {
    return report("unknown", subject, `STS did not identify the caller: ${unknownCaller}`)
  }
  const advice = "Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
  return report("problem", subject, `${unknownCaller}. ${advice}`)
}

/** AWS rejects a signature whose time differs by more than this. Milliseconds. */
const maxSkew = 5 * 60_000

const checkClock = (report: Report, ahead: number | undefined) => {
  if (ahead === undefined) return report("unknown", "clock", "no endpoint reported the time")
  const seconds = Math.round(Math.abs(ahead) / 1000)
  // The header `date` has no milliseconds, and the response takes time to arrive.
  const message = seconds <= 2 ? "correct" : `${seconds} seconds ${ahead > 0 ? "ahead" : "behind"}`
  return Math.abs(ahead) <= maxSkew
    ? report("ok", "clock", message)
    : report("problem", "clock", `${message}. AWS rejects signatures that are more than 5 minutes off: set the clock`)
}

/** Milliseconds. */
const timeLimit = 5000

/** Requests an endpoint. Returns the duration and how far this clock is ahead, in milliseconds. Fails with a code. */
const probe = Effect.fnUntraced(function*(endpoint: string) {
  const start = yield* Clock.currentTimeMillis
  const response = yield* Effect.tryPromise({
    // The request is not signed, so it has no secrets.
    try: (signal) => boundedFetch(endpoint, { redirect: "manual" }, { timeout: timeLimit, signal }),
    // The error of `fetch` has the reason as its `cause`.
    catch: (error) => Messages.codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
  })
  const end = yield* Clock.currentTimeMillis
  const date = Option.map(parseHttpDate(response.headers.get("date") ?? ""), DateTime.toEpochMillis)
  // The header `date` has no milliseconds. On average, the service sent the response half a second later.
  return { millis: end - start, ahead: Option.isNone(date) ? undefined : (start + end) / 2 - (date.value + 500) }
})

const checkNetwork = `Check the region, the network, and variables with "ENDPOINT" in their name`

/** Checks the endpoints of both planes and the clock. Returns whether both planes respond. */
const checkEndpoints = Effect.fnUntraced(function*(report: Report, target: Target.Target) {
  const planes = [
    ["control plane", target.endpoint],
    ["data plane", yield* Target.findEndpoint("data", target.region)]
  ] as const
  const found = yield* Effect.forEach(planes, ([subject, endpoint]) =>
    probe(endpoint).pipe(
      Effect.tap(({ millis }) => report("ok", subject, `${endpoint}, ${millis} ms`)),
      Effect.tapError((code) => report("problem", subject, `${endpoint} does not respond (${code}). ${checkNetwork}`)),
      Effect.option
    ))
  const responses = found.flatMap(Option.toArray)
  yield* checkClock(report, responses.find(({ ahead }) => ahead !== undefined)?.ahead)
  return responses.length === planes.length
})

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

type Context = Flags.Caller & Omit<Settings, keyof Flags.Caller>

/** The policy's statements for a denied operation. The service reads secrets with the caller's permissions. */
const findStatements = (policy: Credentials.Policy | undefined, error: unknown) => {
  const isDenied = hasProperty(error, "_tag") && error._tag === "AccessDeniedException"
    || hasProperty(error, "code") && error.code === "AccessDenied"
  if (policy === undefined || !isDenied || !hasProperty(error, "operation")) return []
  const isAboutSecret = error instanceof Error && /secret/i.test(error.message)
  const actions = [`bedrock-agentcore:${String(error.operation)}`, `sts:${String(error.operation)}`]
  return policy.Statement.filter(({ Action, Sid }) =>
    Action.some((action) => actions.includes(action)) || (isAboutSecret && Sid === "ProviderSecrets")
  )
}

/** Requests a credential once. It does not show a consent link. */
const attempt = Effect.fnUntraced(function*(credential: Credentials.Credential) {
  switch (credential.kind) {
    case "IamAccessToken":
      return yield* Effect.as(IamAccessToken.get(credential), "STS issued a token")
    case "ApiKey":
      return yield* Effect.as(ApiKey.get(credential), "AgentCore returned the key")
    case "AccessToken":
      return yield* AccessToken.get(credential, { consent: Consent.fail }).pipe(
        Effect.as("AgentCore returned a token"),
        Effect.catchTag(
          "RequiresUserConsent",
          ({ nextStep }) =>
            Effect.succeed(
              `AgentCore asks for the user's consent: ${nextStep} (the link of this attempt expires in 10 minutes)`
            )
        )
      )
  }
})

/** Reports an error with its causes, and with the statements of the policy that the caller lacks. */
const makeReportError =
  (report: Report, policy: Credentials.Policy | undefined) => (subject: string) => (error: unknown) =>
    Effect.flatMap(Causes.explain(error), (lines) =>
      report(
        "problem",
        subject,
        [Terminal.describeError(error), ...lines].map(Messages.withoutFullStop).join(". "),
        findStatements(policy, error)
      ))

/** Reports the problems of a credential, or by default of the workload identity. Returns their tags. */
const reportProblems = (
  report: Report,
  problems: ReadonlyArray<Credentials.Problem>,
  subject: string,
  credential?: string
) =>
  Effect.forEach(
    problems.filter((problem) => problem.credential === credential),
    ({ _tag, detail }) => Effect.as(report(_tag === "NotVisible" ? "unknown" : "problem", subject, detail), _tag)
  )

/** Requests the workload access token. Undefined if no credential needs it. */
const requestWorkloadToken = Effect.fnUntraced(function*(
  report: Report,
  reportError: ReturnType<typeof makeReportError>,
  list: ReadonlyArray<Credentials.Credential>,
  { token, user }: Context
) {
  if (!token || list.every(({ kind }) => kind === "IamAccessToken")) return undefined
  const { get } = yield* WorkloadAccessToken.WorkloadAccessToken
  return yield* Effect.matchEffect(get, {
    onFailure: (error) => Effect.as(reportError("workload access token")(error), false),
    onSuccess: () => Effect.as(report("ok", "workload access token", `for ${Flags.describeUser(user)}`), true)
  })
})

const findMissing = (credential: Credentials.Credential, user: Context["user"], hasToken: boolean | undefined) =>
  credential.kind !== "IamAccessToken" && hasToken === false
    ? "a workload access token"
    : credential.kind === "AccessToken" && credential.request.flow !== "M2M" && user === undefined
    ? "a user: give --user or AGENTCORE_USER_TOKEN"
    : undefined

const hasWrongName = ({ key, kind }: Credentials.Credential, problems: ReadonlyArray<Credentials.Problem>) =>
  problems.some((problem) =>
    Policy.isWrongName(problem)
    && (problem.credential === undefined ? kind !== "IamAccessToken" : problem.credential === key)
  )

/** Compares the policy of `--policy`. AgentCore does not know the names of some credentials: these are skipped. */
const reportComparison = Effect.fnUntraced(function*(
  report: Report,
  file: string,
  list: ReadonlyArray<Credentials.Credential>,
  read: Policy.Read,
  user: Context["user"],
  problems: ReadonlyArray<Credentials.Problem>
) {
  const known = list.filter((one) => !hasWrongName(one, problems))
  for (const { message, result, statements, subject } of yield* Policy.compare(file, known, read, user)) {
    yield* report(result, subject, message, statements)
  }
  for (const { key } of list.filter((one) => !known.includes(one))) {
    yield* report("skipped", key, `not compared with ${file}, because AgentCore does not know the name`)
  }
})

const checkCredentials = Effect.fnUntraced(function*(report: Report, program: Policy.Program, context: Context) {
  const { list } = program
  const { policy: file, token, user, workload } = context
  const prepare = Effect.gen(function*() {
    const read = yield* Policy.readOptions(program, yield* Policy.requireUsers(list, context), context)
    return { read, policy: yield* Policy.make(list, read.options) }
  })
  // Without `--policy`, the policy is only advice.
  const prepared = file === undefined ? Option.getOrUndefined(yield* Effect.option(prepare)) : yield* prepare
  const policy = prepared?.policy
  const reportError = makeReportError(report, policy)
  const checked = yield* Effect.result(Credentials.check(list, { workload }))
  if (file !== undefined && prepared !== undefined) {
    yield* reportComparison(report, file, list, prepared.read, user, Result.isSuccess(checked) ? checked.success : [])
  }
  if (Result.isFailure(checked)) {
    yield* reportError("set-up")(checked.failure)
    return policy
  }
  const ofWorkload = yield* reportProblems(report, checked.success, "workload identity")
  if (ofWorkload.length === 0) yield* report("ok", "workload identity", workload)
  const hasToken = yield* requestWorkloadToken(report, reportError, list, context)
  for (const credential of list) {
    const subject = credential.key
    const problems = yield* reportProblems(report, checked.success, subject, subject)
    // A request would fail for the same reason.
    if (problems.some((tag) => tag !== "NotVisible")) continue
    const missing = findMissing(credential, user, hasToken)
    yield* !token || program.setup !== undefined && credential.kind === "AccessToken"
      // A setup file names no scopes.
      ? report(problems.length === 0 ? "ok" : "skipped", subject, "checked, not requested")
      : missing !== undefined
      ? report("skipped", subject, `not requested without ${missing}`)
      : Effect.matchEffect(attempt(credential), {
        onFailure: reportError(subject),
        onSuccess: (message) => report("ok", subject, message)
      })
  }
  return policy
})

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

const declareProvider = ({ flow, provider, scope }: Settings) =>
  provider === undefined
    ? Effect.succeed([])
    : Effect.map(Flags.accessToken({ provider, flow, scope }), (credential) => [credential])

const checkAll = Effect.fnUntraced(
  function*(report: Report, settings: Settings, others: Policy.Program) {
    const { user, workload: name } = yield* Flags.findCaller(settings)
    const found = yield* Effect.result(Target.find(settings.region))
    if (Result.isFailure(found)) {
      yield* report("problem", "region and endpoints", String(found.failure))
      return {}
    }
    const target = found.success
    yield* report("ok", "region", target.region)
    yield* checkCaller(report, target)
    if (!(yield* checkEndpoints(report, target))) {
      yield* report("skipped", "credentials", "not checked without a response")
      return { target }
    }
    const check = Effect.gen(function*() {
      const workload = yield* Policy.requireWorkload(others, name)
      const { flow, provider } = settings
      const chosen = flow === undefined && provider !== undefined
        // The check below reports a missing provider.
        ? yield* Effect.orElseSucceed(Flags.chooseFlow(provider, user), () => ({ flow: "M2M" as const }))
        : { flow }
      const list = [...(yield* declareProvider({ ...settings, ...chosen })), ...others.list]
      return yield* Effect.provide(
        checkCredentials(report, { ...others, list }, { ...settings, target, workload, user }),
        WorkloadAccessToken.layerWorkload({ name: workload, user })
      )
    })
    const isNeeded = others.list.length > 0 || settings.provider !== undefined
    const policy = yield* check.pipe(
      Effect.catchTag(["MissingCaller", "TransportError"], (error) => {
        const isProblem = isNeeded || target.local && error._tag === "TransportError"
        return Effect.as(report(isProblem ? "problem" : "skipped", "workload identity", error.message), undefined)
      }),
      Effect.provideService(Consent.ReturnUrl, Option.fromNullishOr(settings.returnUrl)),
      Effect.provide(Flags.layer(settings.region))
    )
    return { target, policy }
  }
)

export const run = Effect.fnUntraced(function*(settings: Settings) {
  const { apiKey = [], json = false, module } = settings
  const { findings, report } = makeReport(json)
  // Checks the flags before any request.
  yield* declareProvider(settings)
  const program: Policy.Program = module === undefined
    ? { list: [] }
    : yield* Policy.load(module, "doctor", settings.flow && [settings.flow])
  const list = [...(yield* Effect.forEach(apiKey, Flags.apiKey)), ...program.list]
  const { policy, target } = yield* checkAll(report, settings, { ...program, list })
  const count = findings.filter(({ result }) => result === "problem").length
  yield* json
    ? Table.printJson({ target, problems: count, findings, policy })
    : Terminal.printExactly([
      ...formatStatements(findings),
      "",
      count === 0 ? "No problem found." : `${count} ${count === 1 ? "problem" : "problems"} to fix.`
    ].join("\n"))
  if (count > 0) process.exitCode = problemsFound
  if (module !== undefined) return yield* CredentialModule.exit
})
