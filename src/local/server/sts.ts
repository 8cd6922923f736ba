/**
 * The part of STS that programs with AgentCore Identity need: `GetCallerIdentity` and `GetWebIdentityToken` in the AWS
 * Query protocol (a form in, XML out), and the metadata and keys of the issuer for resource servers.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { escape } from "../../internal/html.js"
import * as Constraint from "../../internal/models/constraint.js"
import { type Path, toAwsSentence, type Violation } from "../../internal/models/violation.js"
import { isOwnHost } from "../../internal/ownHost.js"
import * as Rows from "../../internal/plane/operation.js"
import * as Validation from "../../internal/plane/validation.js"
import * as SecurityTokenService from "../../SecurityTokenService.js"
import { duplicateTags, hasDuplicates, type LocalIssuer } from "../backend/issuer.js"
import { isCrossSite } from "./browserRoute.js"
import { readBody, respondDefect, respondError, serveDocument, type Settings, withCaller } from "./dispatch.js"
import * as WireErrors from "./errors.js"
import { type WireError, wireErrors } from "./errors.js"

const service = "sts"
const version = "2011-06-15"
const namespace = `https://sts.amazonaws.com/doc/${version}/`

const element = (name: string, ...content: ReadonlyArray<string>): string => `<${name}>${content.join("")}</${name}>`

/** Responds with an XML document. `name` is the name of its root. */
const respond = (
  status: number,
  requestId: string,
  name: string,
  content: string,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`<${name} xmlns="${namespace}">${content}</${name}>\n`, {
    status,
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId, ...WireErrors.headers, ...headers }
  })

/** The names of STS for the exceptions of the REST-JSON services. */
const codes: ReadonlyMap<string, string> = new Map([
  ["AccessDeniedException", "AccessDenied"],
  ["IncompleteSignatureException", "IncompleteSignature"],
  ["InternalServerException", "InternalFailure"],
  ["InvalidSignatureException", "SignatureDoesNotMatch"],
  ["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
  ["SerializationException", "MalformedInput"],
  ["UnrecognizedClientException", "InvalidClientTokenId"],
  ["ValidationException", "ValidationError"]
])

const respondXmlError = (error: WireError, requestId: string): HttpServerResponse.HttpServerResponse =>
  respond(
    error.status,
    requestId,
    "ErrorResponse",
    element(
      "Error",
      element("Type", error.status < 500 ? "Sender" : "Receiver"),
      element("Code", escape(codes.get(error.name) ?? error.name)),
      element("Message", escape(error.message))
    ) + element("RequestId", requestId),
    error.allow === undefined ? {} : { allow: error.allow }
  )

// The limits and messages that the live service was seen to apply (radkawar/stackd, testdata/aws/iam).

const members = Rows.membersOf(SecurityTokenService.operations.getWebIdentityToken)

/** A key that is too short is also reported for its pattern. */
const tagKey = Constraint.string(1, 128).pipe(
  Schema.check(Constraint.check((key) =>
    /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u.test(key)
      ? undefined
      : "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"
  ))
)

const Tag = Schema.Struct({ key: tagKey, value: Constraint.string(0, 256) })

const maxAudiences = 10
const maxAudience = 1000

const audienceLimits = `satisfy constraint: [Member must ${Constraint.atMost(maxAudience)}, `
  + `Member must ${Constraint.atLeast(1)}]`

/** An invalid audience is reported for the whole list. */
const Audience = Schema.Array(Schema.String).check(Constraint.check((audiences) =>
  audiences.length > maxAudiences
    ? Constraint.atMost(maxAudiences)
    : audiences.some(({ length }) => length < 1 || length > maxAudience)
    ? audienceLimits
    : undefined
))

/** The request of the plane, with the tags as a list, and with the parameters that only the protocol has. */
const Request = Schema.Struct({
  audience: Audience,
  durationSeconds: members.durationSeconds,
  // The algorithms are checked afterwards.
  signingAlgorithm: Constraint.string(5, 5),
  scope: Constraint.optional(Schema.String),
  subjectMode: Constraint.optional(Schema.Literals(["AWSIdentity", "OriginIdentity"])),
  tags: Constraint.items(Tag, 0, 50)
})

const decode = Validation.decode(Request)

const invalid = (message: string): WireError => ({ status: 400, name: "ValidationException", message })

/** Formats a value as Java does, which the messages of STS quote. */
const format = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(format).join(", ")}]`
    : Predicate.isObject(value)
    ? `Tag(${Object.entries(value).map(([name, member]) => `${name}=${format(member)}`).join(", ")})`
    : String(value)

/** STS counts the items of a list from 1: `tags.1.member.key`. */
const formatPath = (path: Path): string =>
  path.map((key) => typeof key === "number" ? `${key + 1}.member` : String(key)).join(".")

/** Makes the error for violations. The request has no secrets, so the message may quote it. */
const describeViolations = (violations: ReadonlyArray<Violation>, request: unknown): WireError => {
  const wrong = violations.find(({ rule }) => rule === "type")
  if (wrong !== undefined) return WireErrors.wrongType(Validation.valueAt(request, wrong.path))
  const details = violations.map((violation) => {
    const value = Validation.valueAt(request, violation.path)
    const quoted = value === undefined ? "null" : `'${format(value)}'`
    return `Value ${quoted} at '${formatPath(violation.path)}' failed to satisfy constraint: ${
      toAwsSentence(violation)
    }`
  })
  return invalid(Validation.summarize(details))
}

/** The values by name. If a name has several values, the first one counts. */
type Form = ReadonlyMap<string, string>

/** Finds the numbers in `X.member.1`, `X.member.2`, in order. Gaps are allowed. */
const findNumbers = (form: Form, name: string): ReadonlyArray<number> => {
  const pattern = new RegExp(`^${name}\\.member\\.([1-9]\\d{0,8})(\\.|$)`)
  return [...new Set([...form.keys()].flatMap((key) => pattern.exec(key)?.[1] ?? []).map(Number))].sort((a, b) => a - b)
}

const toInput = (form: Form): unknown => {
  const seconds = form.get("DurationSeconds")
  const audiences = findNumbers(form, "Audience")
  return {
    // An empty list is not sent.
    audience: audiences.length === 0 ? undefined : audiences.map((number) => form.get(`Audience.member.${number}`)),
    signingAlgorithm: form.get("SigningAlgorithm"),
    durationSeconds: seconds === undefined ? undefined : /^-?\d{1,15}$/.test(seconds) ? Number(seconds) : seconds,
    scope: form.get("Scope"),
    subjectMode: form.get("SubjectMode"),
    tags: findNumbers(form, "Tags").map((number) => ({
      key: form.get(`Tags.member.${number}.Key`),
      value: form.get(`Tags.member.${number}.Value`)
    }))
  }
}

const isForm = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType.trim())

const wrongContentType: WireError = {
  ...wireErrors.wrongContentType,
  message: "The content type of a request must be application/x-www-form-urlencoded"
}

const parse = (body: Uint8Array): Effect.Effect<Form, WireError> =>
  Effect.try({
    try: () => new Map([...new URLSearchParams(new TextDecoder("utf-8", { fatal: true }).decode(body))].reverse()),
    catch: (): WireError => ({ ...wireErrors.unreadable, message: "The body of a request must be a form in UTF-8" })
  })

const check = (request: HttpServerRequest.HttpServerRequest, settings: Settings): WireError | undefined =>
  !isOwnHost(request.headers.host, settings.allowedHosts)
    ? wireErrors.foreignHost
    : isCrossSite(request)
    ? wireErrors.crossSite
    : settings.signatures.headers(request, service) ?? (
      isForm(request.headers["content-type"]) ? undefined : wrongContentType
    )

const isAlgorithm = Schema.is(members.signingAlgorithm)

const unsupportedAlgorithm = invalid(
  "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported algorithms"
)

/** Returns the elements of the result. */
type Action = (
  sts: SecurityTokenService.SecurityTokenService["Service"],
  form: Form
) => Effect.Effect<ReadonlyArray<string>, WireError>

const getWebIdentityToken: Action = Effect.fnUntraced(function*(sts, form) {
  const input = toInput(form)
  const request = yield* Effect.mapError(
    Effect.fromResult(decode(input)),
    (violations) => describeViolations(violations, input)
  )
  const { audience, durationSeconds, signingAlgorithm } = request
  if (!isAlgorithm(signingAlgorithm)) return yield* Effect.fail(unsupportedAlgorithm)
  if (request.subjectMode === "OriginIdentity") {
    return yield* Effect.fail(invalid("SubjectMode OriginIdentity needs a session with an origin identity"))
  }
  if (request.scope !== undefined) {
    return yield* Effect.fail(invalid("Scope is only valid with SubjectMode OriginIdentity"))
  }
  if (hasDuplicates(request.tags.map(({ key }) => key))) {
    return yield* Effect.fail(WireErrors.fromPlane(duplicateTags))
  }
  const tags = Object.fromEntries(request.tags.map(({ key, value }) => [key, value]))
  const { expiration, webIdentityToken } = yield* Effect.mapError(
    sts.getWebIdentityToken({ audience, signingAlgorithm, durationSeconds, tags }),
    WireErrors.fromPlane
  )
  return [
    element("WebIdentityToken", escape(Redacted.value(webIdentityToken))),
    element("Expiration", DateTime.formatIso(expiration))
  ]
})

const getCallerIdentity: Action = (sts) =>
  Effect.mapBoth(sts.getCallerIdentity({}), {
    onFailure: WireErrors.fromPlane,
    onSuccess: ({ account, arn, userId }) => [
      element("Arn", escape(arn)),
      element("UserId", escape(userId)),
      element("Account", escape(account))
    ]
  })

const actions: ReadonlyMap<string, Action> = new Map([
  ["GetCallerIdentity", getCallerIdentity],
  ["GetWebIdentityToken", getWebIdentityToken]
])

const unknownAction: WireError = {
  status: 400,
  name: "InvalidAction",
  message: `The local server has these actions of STS: ${[...actions.keys()].join(", ")}, in the version ${version}`
}

const handler = (sts: SecurityTokenService.SecurityTokenService["Service"], settings: Settings) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    // The body names the action.
    let operation = service
    const act = (form: Form) => {
      const name = form.get("Action") ?? ""
      const action = form.get("Version") === version ? actions.get(name) : undefined
      if (action === undefined) return Effect.fail(unknownAction)
      operation = name
      return Effect.map(action(sts, form), (result) => ({ name, result }))
    }
    return settings.access(
      () => operation,
      Effect.suspend(() => {
        const requestId = randomUUID()
        // The router treats several slashes as one slash.
        if (!/^\/(\?|$)/.test(request.url)) {
          return Effect.succeed(respondError(wireErrors.unknownOperation, requestId))
        }
        const problem = check(request, settings)
        return problem !== undefined ? Effect.succeed(respondXmlError(problem, requestId)) : readBody(request).pipe(
          Effect.tap((body) => settings.signatures.content(request, service, body)),
          Effect.flatMap(parse),
          Effect.flatMap(act),
          withCaller(request),
          Effect.match({
            onFailure: (error) => respondXmlError(error, requestId),
            onSuccess: ({ name, result }) =>
              respond(
                200,
                requestId,
                `${name}Response`,
                element(`${name}Result`, ...result) + element("ResponseMetadata", element("RequestId", requestId))
              )
          }),
          Effect.catchCause((cause) =>
            Effect.as(respondDefect(operation, requestId, cause), respondXmlError(wireErrors.internal, requestId))
          )
        )
      })
    )
  })

export const add = (
  router: HttpRouter.HttpRouter,
  settings: Settings,
  sts: SecurityTokenService.SecurityTokenService["Service"],
  issuer: LocalIssuer
): Effect.Effect<void> => {
  const serve = (path: `/${string}`, name: string, content: Effect.Effect<unknown>) => {
    const respond = Effect.map(content, (body) => HttpServerResponse.jsonUnsafe(body, { headers: WireErrors.headers }))
    return router.add("GET", path, serveDocument(name, settings, respond))
  }
  return Effect.all([
    router.add("POST", "/", handler(sts, settings)),
    serve("/.well-known/openid-configuration", "issuer", Effect.succeed(issuer.metadata)),
    serve("/.well-known/jwks.json", "keys", issuer.keySet)
  ], { discard: true })
}
