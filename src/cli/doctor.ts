/** `agentcore-identity doctor`: finds out why a program does not get its credentials, and what to fix. */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import { realpathSync } from "node:fs"
import { relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { styleText } from "node:util"
import * as AccessToken from "../AccessToken.js"
import * as ApiKey from "../ApiKey.js"
import * as Consent from "../Consent.js"
import * as Credentials from "../Credentials.js"
import * as IamAccessToken from "../IamAccessToken.js"
import { isDeclared } from "../identity/credentialTag.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import { parseHttpDate } from "../internal/dates.js"
import { codeOf } from "../internal/errorCode.js"
import * as Printable from "../internal/printable.js"
import { withoutFullStop } from "../internal/serviceMessages.js"
import * as WorkloadAccessToken from "../WorkloadAccessToken.js"
import * as Causes from "./causes.js"
import * as Flags from "./credentialFlags.js"
import * as Table from "./table.js"
import * as Target from "./target.js"
import * as Terminal from "./terminal.js"

export interface Settings extends Flags.CallerFlags, Pick<Flags.AccessTokenFlags, "flow" | "returnUrl" | "scope"> {
  readonly module?: string | undefined
  readonly provider?: string | undefined
  readonly apiKey?: ReadonlyArray<string> | undefined
  readonly region?: string | undefined
  readonly token: boolean
  readonly json?: boolean | undefined
}

/** The exit code if there are problems. */
const problemsFound = 2

/** The default account of the local server. */
const localAccount = "123456789012"

/** A placeholder in a policy. */
const unknownAccount = "000000000000"

// -----------------------------------------------------------------------------
// Findings
// -----------------------------------------------------------------------------

const signs = {
  ok: ["✓", "green"],
  problem: ["✗", "red"],
  unknown: ["?", "yellow"],
  skipped: ["-", "dim"]
} as const

interface Finding {
  readonly subject: string
  readonly result: keyof typeof signs
  readonly message: string
  /** The statements that the IAM policy of the caller lacks. */
  readonly statements?: ReadonlyArray<Credentials.Statement>
}

const format = ({ message, result, statements, subject }: Finding): string => {
  const [sign, style] = signs[result]
  const text = Printable.escape(`${subject.padEnd(22)} ${message}`)
  const line = `${Terminal.hasColor(process.stdout) ? styleText(style, sign) : sign} ${text}`
  if (statements === undefined) return line
  const json = JSON.stringify(statements, null, 2)
  const hint = json.includes(unknownAccount) ? `, with your account instead of ${unknownAccount}` : ""
  const lines = json.split("\n").map((line) => `    ${Printable.escape(line)}`)
  return [line, `  The IAM policy of the caller needs${hint}:`, ...lines].join("\n")
}

/** Collects the findings, and prints each at once unless the output is JSON. */
const makeReport = (json: boolean) => {
  const findings: Array<Finding> = []
  const report = (
    result: Finding["result"],
    subject: string,
    message: string,
    statements: ReadonlyArray<Credentials.Statement> = []
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
  const [result, message]: readonly [Finding["result"], string] = local
    ? ["skipped", "the local server has no accounts"]
    : caller !== undefined
    ? ["ok", `${caller}, account ${account ?? "unknown"}`]
    : invalidCredentials.test(unknownCaller)
    ? ["problem", `${unknownCaller}. Sign in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`]
    : ["unknown", `STS did not identify the caller: ${unknownCaller}`]
  return report(result, "AWS credentials", message)
}

/** AWS rejects a signature whose time differs by more than this. Milliseconds. */
const maxSkew = 5 * 60_000

const checkClock = (report: Report, ahead: number | undefined) => {
  if (ahead === undefined) return report("unknown", "clock", "no endpoint reported the time")
  const seconds = Math.round(Math.abs(ahead) / 1000)
  // The header `date` has no milliseconds, and the response takes time to arrive.
  const message = seconds <= 2 ? "right" : `${seconds} seconds ${ahead > 0 ? "ahead" : "behind"}`
  return Math.abs(ahead) <= maxSkew
    ? report("ok", "clock", message)
    : report("problem", "clock", `${message}. AWS rejects signatures that are more than 5 minutes off: set the clock`)
}

/** Milliseconds. */
const timeLimit = 5000

/**
 * Sends a request to an endpoint. Any response counts, even a rejection. Returns the duration, and how far the clock of
 * this machine is ahead, both in milliseconds. Fails with the code of the error.
 */
const probe = Effect.fnUntraced(function*(endpoint: string) {
  const start = yield* Clock.currentTimeMillis
  const response = yield* Effect.tryPromise({
    // The request is not signed, so it has no secrets.
    try: (signal) => boundedFetch(endpoint, { redirect: "manual" }, { timeout: timeLimit, signal }),
    // The error of `fetch` has the reason as its `cause`.
    catch: (error) => codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
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

interface Context extends Flags.Caller {
  /** Whether to request the credentials. */
  readonly token: boolean
}

/**
 * The statements of the policy for an operation that the service denied. The service reads the secrets of providers
 * with the caller's permissions.
 */
const findStatements = ({ Statement }: Credentials.Policy, error: unknown) => {
  const isDenied = hasProperty(error, "_tag") && error._tag === "AccessDeniedException"
    || hasProperty(error, "code") && error.code === "AccessDenied"
  if (!isDenied || !hasProperty(error, "operation")) return []
  const isAboutSecret = error instanceof Error && /secret/i.test(error.message)
  const actions = [`bedrock-agentcore:${String(error.operation)}`, `sts:${String(error.operation)}`]
  return Statement.filter(({ Action, Sid }) =>
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
              `AgentCore asks for the user's consent: ${nextStep} (that of this attempt expires in 10 minutes)`
            )
        )
      )
  }
})

const checkCredentials = Effect.fnUntraced(
  function*(report: Report, list: ReadonlyArray<Credentials.Credential>, { target, token, user, workload }: Context) {
    // A caller that may not read the providers gets the policy for secrets that AgentCore stores.
    const secrets = yield* Effect.orElseSucceed(Credentials.externalSecrets(list), () => ({}))
    const policy = yield* Flags.declare(() =>
      Credentials.policy(list, {
        workload,
        secrets,
        account: target.account ?? (target.local ? localAccount : unknownAccount),
        region: target.region,
        users: user === undefined ? "none" : user.userId === undefined ? "jwt" : "userId"
      })
    )
    const reportError = (subject: string) => (error: unknown) =>
      Effect.flatMap(
        Causes.explain(error),
        (lines) =>
          report(
            "problem",
            subject,
            [Terminal.describeError(error), ...lines].map(withoutFullStop).join(". "),
            findStatements(policy, error)
          )
      )
    const checked = yield* Effect.result(Credentials.check(list, { workload }))
    if (Result.isFailure(checked)) {
      yield* reportError("set-up")(checked.failure)
      return policy
    }
    /** Reports the problems of a credential, or by default of the workload identity. Returns their tags. */
    const reportProblems = (subject: string, credential?: string) =>
      Effect.forEach(
        checked.success.filter((problem) => ("credential" in problem ? problem.credential : undefined) === credential),
        ({ _tag, message }) =>
          Effect.as(
            report(_tag === "NotVisible" ? "unknown" : "problem", subject, message.replace(`${subject}: `, "")),
            _tag
          )
      )
    const ofWorkload = yield* reportProblems("workload identity")
    if (ofWorkload.length === 0) yield* report("ok", "workload identity", workload)

    const { get } = yield* WorkloadAccessToken.WorkloadAccessToken
    const hasToken = token && list.some(({ kind }) => kind !== "IamAccessToken")
      ? yield* Effect.matchEffect(get, {
        onFailure: (error) => Effect.as(reportError("workload access token")(error), false),
        onSuccess: () => Effect.as(report("ok", "workload access token", `for ${Flags.describeUser(user)}`), true)
      })
      : undefined
    for (const credential of list) {
      const subject = credential.key
      const problems = yield* reportProblems(subject, subject)
      // A request would fail for the same reason.
      if (problems.some((tag) => tag !== "NotVisible")) continue
      const needsUser = credential.kind === "AccessToken" && credential.request.flow !== "M2M"
      const missing = credential.kind !== "IamAccessToken" && hasToken === false
        ? "a workload access token"
        : needsUser && user === undefined
        ? "a user: give --user or AGENTCORE_USER_TOKEN"
        : undefined
      yield* !token
        ? report(problems.length === 0 ? "ok" : "skipped", subject, "checked, not requested")
        : missing !== undefined
        ? report("skipped", subject, `not requested without ${missing}`)
        : Effect.matchEffect(attempt(credential), {
          onFailure: reportError(subject),
          onSuccess: (message) => report("ok", subject, message)
        })
    }
    return policy
  }
)

// -----------------------------------------------------------------------------
// The module
// -----------------------------------------------------------------------------

export class CannotLoadModule extends Data.TaggedError("CannotLoadModule")<{ readonly message: string }> {}

/** Whether Node does not run a module because it is TypeScript, or imports TypeScript. */
const needsCompiler = (file: string, code: string): boolean =>
  code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" || code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING"
  || (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.([cm]?ts|[jt]sx)$/.test(file))

const explainTypeScript = (file: string): string => {
  const command = relative(process.cwd(), realpathSync(process.argv[1] ?? "."))
  // Undefined in versions that cannot strip types.
  const canStrip = (process.features.typescript ?? false) !== false
  const reason = canStrip
    ? "it has syntax that Node cannot strip, such as an enum or JSX. Run"
    : `Node ${process.versions.node} does not strip types (by default, 22.18 and later do). `
      + `Run 'node --experimental-strip-types ${command} doctor ${file}', or`
  return `${reason} 'npx tsx ${command} doctor ${file}', or compile it, and name the JavaScript`
}

const isCredential = (value: unknown): value is Credentials.Credential =>
  isDeclared(value, "AccessToken") || isDeclared(value, "ApiKey") || isDeclared(value, "IamAccessToken")

/** Runs a module, and returns the credentials that it exports, each once. */
const loadCredentials = (file: string): Effect.Effect<ReadonlyArray<Credentials.Credential>, CannotLoadModule> =>
  Effect.tryPromise({
    try: (): Promise<object> => import(pathToFileURL(resolve(file)).href),
    catch: (error) => {
      const reason = needsCompiler(file, codeOf(error))
        ? explainTypeScript(file)
        : error instanceof Error
        ? error.message
        : String(error)
      return new CannotLoadModule({ message: `Cannot load ${file}: ${reason}` })
    }
  }).pipe(
    Effect.map((module) => [...new Set(Object.values(module).flat())].filter(isCredential)),
    Effect.filterOrFail((credentials) => credentials.length > 0, () =>
      new CannotLoadModule({
        message: `${file} exports no declared credential. Export the classes that extend AccessToken.Tag, ApiKey.Tag `
          + "or IamAccessToken.Tag"
      }))
  )

// -----------------------------------------------------------------------------
// Command
// -----------------------------------------------------------------------------

/** The credential of `--provider`. */
const declareProvider = ({ flow, provider, scope }: Settings) =>
  provider === undefined
    ? Effect.succeed([])
    : Effect.map(Flags.accessToken({ provider, flow, scope }), (credential) => [credential])

const checkAll = Effect.fnUntraced(
  function*(report: Report, settings: Settings, others: ReadonlyArray<Credentials.Credential>) {
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
      const workload = yield* Flags.requireWorkload(name)
      const { flow, provider } = settings
      const chosen = flow === undefined && provider !== undefined
        // The check below reports a missing provider.
        ? yield* Effect.orElseSucceed(Flags.chooseFlow(provider, user), () => ({ flow: "M2M" as const }))
        : { flow }
      const list = [...(yield* declareProvider({ ...settings, ...chosen })), ...others]
      return yield* checkCredentials(report, list, { target, workload, user, token: settings.token }).pipe(
        Effect.provide(WorkloadAccessToken.layerWorkload({ name: workload, user }))
      )
    })
    const policy = yield* check.pipe(
      Effect.catchTag("MissingCaller", ({ message }) =>
        Effect.as(
          report(
            others.length === 0 && settings.provider === undefined ? "skipped" : "problem",
            "workload identity",
            message
          ),
          undefined
        )),
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
  const others = [
    ...(yield* Effect.forEach(apiKey, Flags.apiKey)),
    ...(module === undefined ? [] : yield* loadCredentials(module))
  ]
  const { policy, target } = yield* checkAll(report, settings, others)
  const count = findings.filter(({ result }) => result === "problem").length
  yield* json
    ? Table.printJson({ target, problems: count, findings, policy })
    : Console.log(`\n${count === 0 ? "No problem found." : `${count} ${count === 1 ? "problem" : "problems"} to fix.`}`)
  if (count > 0) process.exitCode = problemsFound
  // The module may have started something that keeps the process alive.
  if (module !== undefined) {
    return yield* Effect.callback<never>(() => Terminal.whenWritten(() => process.exit()))
  }
})
