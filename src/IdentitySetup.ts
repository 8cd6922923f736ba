/**
 * What a team sets up before an agent runs, in one file: workload identities, credential providers and their tags. The local
 * server takes it as `--config`, and the same file sets up AWS.
 *
 * The file is JSON; comments and trailing commas are allowed. Resources have the members that the AWS operations which create
 * them have. Wherever a text is expected, `{ "$env": "NAME" }` stands for the environment variable of that name: secrets stay out
 * of the file.
 *
 * ```jsonc
 * {
 *   "tags": { "team": "agents" },
 *   "workloadIdentities": [
 *     { "name": "my-agent", "allowedResourceOauth2ReturnUrls": ["http://127.0.0.1:8765/consent"] }
 *   ],
 *   "oauth2CredentialProviders": [
 *     {
 *       "name": "github",
 *       "credentialProviderVendor": "GithubOauth2",
 *       "oauth2ProviderConfigInput": {
 *         "githubOauth2ProviderConfig": { "clientId": "my-agent", "clientSecret": { "$env": "GITHUB_CLIENT_SECRET" } }
 *       }
 *     }
 *   ],
 *   "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": { "$env": "WEATHER_API_KEY" } }],
 *   // What stands for AWS and for the vendors on this machine. AWS is never told of it.
 *   "local": {
 *     "vendorEndpoints": {
 *       "GithubOauth2": {
 *         "issuer": "http://127.0.0.1:4021",
 *         "authorizationEndpoint": "http://127.0.0.1:4021/auth",
 *         "tokenEndpoint": "http://127.0.0.1:4021/token"
 *       }
 *     }
 *   }
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ControlPlane } from "./ControlPlane.js"
import { LocalSettings } from "./internal/identitySetup/localSettings.js"
import * as SetupPlan from "./internal/identitySetup/plan.js"
import * as SetupText from "./internal/identitySetup/text.js"
import { closestShape } from "./internal/validation.js"
import { CreateApiKeyCredentialProviderRequest } from "./models/ApiKeyCredentialProvider.js"
import * as Constraint from "./models/internal/constraint.js"
import { Tags } from "./models/internal/names.js"
import { CreateOauth2CredentialProviderRequest } from "./models/Oauth2CredentialProvider.js"
import { CreatePaymentCredentialProviderRequest } from "./models/PaymentCredentialProvider.js"
import { CreateWorkloadIdentityRequest } from "./models/WorkloadIdentity.js"

// -----------------------------------------------------------------------------
// Models
// -----------------------------------------------------------------------------

const namedOnce = <A extends { readonly name: string }, I>(item: Schema.Schema<A, I>) =>
  Schema.Array(item).pipe(
    Schema.filter((items) =>
      items.flatMap(({ name }, index) =>
        items.findIndex((other) => other.name === name) === index
          ? []
          : [{ path: [index, "name"], message: `${Constraint.prefix} be the only one of its name` }]
      )
    )
  )

/**
 * A setup. Members that are not there are empty.
 *
 * - `tags`: of every resource, in addition to its own
 * - `local`: for the local server alone: secrets for `EXTERNAL` references (`secrets`, by secret id and JSON key), authorization
 *   servers in the place of vendors' own (`vendorEndpoints`), private keys in the place of KMS (`kmsKeys`, by ARN), and whose JWTs
 *   name users (`inboundIssuers`)
 *
 * @since 0.1.0
 * @category models
 */
export const IdentitySetup = Schema.Struct({
  /** For editors. */
  $schema: Constraint.optional(Schema.String),
  tags: Constraint.optional(Tags),
  workloadIdentities: Constraint.optional(namedOnce(CreateWorkloadIdentityRequest)),
  oauth2CredentialProviders: Constraint.optional(namedOnce(CreateOauth2CredentialProviderRequest)),
  apiKeyCredentialProviders: Constraint.optional(namedOnce(CreateApiKeyCredentialProviderRequest)),
  paymentCredentialProviders: Constraint.optional(namedOnce(CreatePaymentCredentialProviderRequest)),
  local: Constraint.optional(LocalSettings)
})

/**
 * @since 0.1.0
 * @category models
 */
export type IdentitySetup = typeof IdentitySetup.Type

/**
 * The kind of a resource: the member of the setup that it is in.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind =
  | "workloadIdentities"
  | "oauth2CredentialProviders"
  | "apiKeyCredentialProviders"
  | "paymentCredentialProviders"

/**
 * What is to be done about a resource, or was done. `changes` names the members that differ; `notComparable` those that the service
 * does not tell, secrets above all.
 *
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly kind: Kind
  readonly name: string
  readonly action: "create" | "update" | "unchanged"
  readonly changes: ReadonlyArray<string>
  readonly notComparable: ReadonlyArray<string>
}

// -----------------------------------------------------------------------------
// Errors
// -----------------------------------------------------------------------------

/**
 * What is wrong with a file, and where: `position` is `line:column`, `path` is empty for the file as a whole. No value of the file
 * is in it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ParseError extends Schema.TaggedError<ParseError>("effect-agentcore-identity/IdentitySetup/ParseError")(
  "ParseError",
  {
    file: Schema.String,
    problems: Schema.Array(Schema.Struct({ path: Schema.String, position: Schema.String, reason: Schema.String }))
  }
) {
  override get message(): string {
    return this.problems.map(({ path, position, reason }) =>
      `${this.file}:${position}: ${path === "" ? reason : `${path}: ${reason}`}`
    ).join("\n")
  }
}

/**
 * A resource that could not be set up. Those before it are.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApplyError extends Schema.TaggedError<ApplyError>("effect-agentcore-identity/IdentitySetup/ApplyError")(
  "ApplyError",
  {
    kind: Schema.Literal(
      "workloadIdentities",
      "oauth2CredentialProviders",
      "apiKeyCredentialProviders",
      "paymentCredentialProviders"
    ),
    name: Schema.String,
    /** An error of the control plane. */
    cause: Schema.Defect
  }
) {
  override get message(): string {
    const { cause } = this
    const tag = hasProperty(cause, "_tag") && typeof cause._tag === "string" ? `${cause._tag}: ` : ""
    return `${this.kind} '${this.name}' could not be set up: ${tag}${
      cause instanceof Error ? cause.message : "unknown"
    }`
  }
}

// -----------------------------------------------------------------------------
// Reading
// -----------------------------------------------------------------------------

const pathText = (path: SetupText.Path): string =>
  path.reduce<string>(
    (text, step) =>
      typeof step === "number"
        ? `${text}[${step}]`
        : /^[\w$-]+$/.test(step)
        ? `${text}${text === "" ? "" : "."}${step}`
        : `${text}[${JSON.stringify(step)}]`,
    ""
  )

const unexpected = "is not what is expected here"

// The formatter's own texts quote the value, which may be a secret.
const reasonOf = ({ _tag, message }: ParseResult.ArrayFormatterIssue): string =>
  message.startsWith(Constraint.prefix)
    ? message.replace(Constraint.prefix, "must")
    : _tag === "Missing"
    ? "is missing"
    : unexpected

const startsWith = (path: SetupText.Path, start: SetupText.Path): boolean =>
  path.length > start.length && start.every((step, index) => path[index] === step)

/** One of several shapes is reported once for each: what is said of a part says more than "wrong type" of the whole. */
const best = (problems: ReadonlyArray<SetupText.Problem>): ReadonlyArray<SetupText.Problem> =>
  problems.filter((problem, index) =>
    problems.findIndex(({ path, reason }) => pathText(path) === pathText(problem.path) && reason === problem.reason)
      === index
    && !(problem.reason === unexpected
      && problems.some(({ path, reason }) =>
        startsWith(path, problem.path) || (pathText(path) === pathText(problem.path) && reason !== unexpected)
      ))
  )

const decode = ParseResult.decodeUnknownEither(IdentitySetup, { errors: "all", onExcessProperty: "ignore" })

const encode = Schema.encodeSync(IdentitySetup)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Members that nothing was made of. Of a value of several shapes it is known only then which one it has. */
const strangers = (value: unknown, known: unknown, path: SetupText.Path): ReadonlyArray<SetupText.Problem> =>
  !isObject(value) || !isObject(known) ? [] : Object.entries(value).flatMap(([name, member]) => {
    const memberPath = [...path, Array.isArray(value) ? Number(name) : name]
    return Object.hasOwn(known, name)
      ? strangers(member, known[name], memberPath)
      : [{ path: memberPath, reason: "is not known here" }]
  })

const problemsOf = (issue: ParseResult.ParseIssue): ReadonlyArray<SetupText.Problem> =>
  best(
    ParseResult.ArrayFormatter.formatIssueSync(closestShape(issue)).map((found) => ({
      // What is decoded is JSON: there are no symbols in it.
      path: found.path as SetupText.Path,
      reason: reasonOf(found)
    }))
  )

/**
 * Reads a setup. Environment variables are looked up by `Config`; secrets are `Redacted` from here on. `file` is what errors call
 * the text.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
 * import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
 * import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const text = `{
 *   // An agent and a key.
 *   "workloadIdentities": [{ "name": "my-agent" }],
 *   "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": "for development" }],
 * }`
 *
 * const program = Effect.gen(function*() {
 *   const setup = yield* IdentitySetup.parse(text, { file: "setup.jsonc" })
 *   return yield* IdentitySetup.apply(setup)
 * })
 *
 * const planes = LocalBackend.layer().pipe(Layer.provide(OAuthClient.layerScripted()))
 *
 * Effect.runPromise(Effect.provide(program, planes)).then(console.log)
 */
export const parse = (
  text: string,
  options: { readonly file: string }
): Effect.Effect<IdentitySetup, ParseError> =>
  Effect.gen(function*() {
    const { file } = options
    const document = yield* Effect.mapError(SetupText.parse(text), ({ path, position, reason }) =>
      new ParseError({ file, problems: [{ path: pathText(path), position, reason }] }))
    const failure = (problems: ReadonlyArray<SetupText.Problem>) =>
      new ParseError({
        file,
        problems: problems.map(({ path, reason }) => ({
          path: pathText(path),
          position: document.positionOf(path),
          reason
        }))
      })
    const setup = yield* Effect.mapError(decode(document.value), (issue) =>
      failure(problemsOf(issue)))
    const unknown = strangers(document.value, encode(setup), [])
    return unknown.length > 0 ? yield* failure(unknown) : setup
  })

// -----------------------------------------------------------------------------
// Setting up
// -----------------------------------------------------------------------------

const applyError = ({ cause, kind, name }: SetupPlan.Failure) => new ApplyError({ kind, name, cause })

/**
 * What `apply` would do, without doing it. What the setup does not name does not count: resources, and tags of resources that it
 * names.
 *
 * @since 0.1.0
 * @category operations
 */
export const plan = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.mapError(SetupPlan.plan(setup), applyError).pipe(
    Effect.withSpan("IdentitySetup.plan", { captureStackTrace: false })
  )

/**
 * Changes as a table for people: one line for each resource, `+` for a creation, `~` for an update.
 *
 * @since 0.1.0
 * @category accessors
 */
export const table = (changes: ReadonlyArray<Change>): string => SetupPlan.table(changes)

/**
 * Creates what is missing, and updates what differs, one resource after the other: each is reported when it is done. It can be
 * applied as often as you like; after a run that failed half way, the next one does what is left. Nothing is deleted. Secrets are
 * sent with a creation, with an update, and, with `rotateSecrets`, in any case. `local` is for the local server, and nothing is
 * done about it here.
 *
 * @since 0.1.0
 * @category operations
 */
export const applyStream = (
  setup: IdentitySetup,
  options: { readonly rotateSecrets?: boolean | undefined } = {}
): Stream.Stream<Change, ApplyError, ControlPlane> =>
  Stream.mapError(SetupPlan.apply(setup, options.rotateSecrets ?? false), applyError)

/**
 * {@link applyStream}, all of it.
 *
 * @since 0.1.0
 * @category operations
 */
export const apply = (
  setup: IdentitySetup,
  options?: { readonly rotateSecrets?: boolean | undefined }
): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.map(Stream.runCollect(applyStream(setup, options)), Chunk.toReadonlyArray).pipe(
    Effect.withSpan("IdentitySetup.apply", { captureStackTrace: false })
  )
