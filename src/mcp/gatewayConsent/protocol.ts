/**
 * Recognizes the consent that AgentCore Gateway asks for, in the forms of its clients, and repeats a call after it. No
 * other package is needed.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { isLoopback, isSecure } from "../../internal/models/urls.js"

/**
 * The consent that a gateway asks for:
 *
 * - `url`: the link for this user, and for no other person. It expires after 10 minutes
 * - `sessionUri`: the `request_uri` of the link, which completes the authorization. Absent for the link of a consent
 *   portal, which completes the authorization itself
 *
 * The encoded form has both in clear.
 */
export class GatewayConsent extends Schema.Class<GatewayConsent>("effect-agentcore-identity/GatewayConsent")({
  url: Schema.RedactedFromValue(Schema.String),
  sessionUri: Schema.optional(Schema.RedactedFromValue(Schema.String))
}) {}

/**
 * The repeated call needs a consent too, for example because the user did not consent. `consent` has a new link. The
 * message is safe for a model.
 */
export class GatewayConsentRequired
  extends Schema.TaggedError<GatewayConsentRequired>("effect-agentcore-identity/GatewayConsentRequired")(
    "GatewayConsentRequired",
    { consent: GatewayConsent }
  )
{
  override get message(): string {
    return "The user has to connect an account first."
  }
}

const problems = {
  // Some clients drop the link.
  Malformed: "it has no link in the documented form",
  SeveralLinks: "it has several links, and AgentCore Gateway sends one",
  InvalidUrl: "its link is not a URL of at most 8192 characters",
  InsecureUrl: "its link is neither https nor http to this machine",
  UserInfo: "its link has a user name or a password",
  OtherHost: "its link is at a host that is not allowed, see the option hosts",
  InvalidSession: "the 'request_uri' of its link is not that of an AgentCore session"
}

/** The server asked for consent in an invalid form, and nothing was shown to the user. The message has the details. */
export class InvalidGatewayConsent
  extends Schema.TaggedError<InvalidGatewayConsent>("effect-agentcore-identity/InvalidGatewayConsent")(
    "InvalidGatewayConsent",
    { reason: Schema.Literals(Struct.keys(problems)) }
  )
{
  override get message(): string {
    return `The MCP server asked for consent, but ${problems[this.reason]}. The link was not used. `
      + "Check the gateway and its interceptors."
  }
}

/** The consent, and what a retry of revision 2026-07-28 sends. */
interface Found {
  readonly consent: GatewayConsent
  readonly retry?: { readonly inputResponses: object; readonly requestState?: unknown } | undefined
}

type Recognized = Result.Result<Option.Option<Found>, InvalidGatewayConsent>

const none: Recognized = Result.succeed(Option.none())

/** A property of a property of a value in any shape. */
const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce((value, name) => hasProperty(value, name) ? value[name] : undefined, value)

const invalid = (reason: InvalidGatewayConsent["reason"]) => Result.fail(new InvalidGatewayConsent({ reason }))

/** In characters, as for all URLs of this package. Neither MCP nor AWS documents a limit. */
const maxUrlLength = 8192

/** As in the service model, with its limit of 1024 characters. */
const session = /^(?=.{1,1024}$)urn:ietf:params:oauth:request_uri:[\w.~-]+$/

/** The hosts of links, or `undefined` for those of AgentCore. */
type Hosts = ReadonlyArray<string> | undefined

/**
 * AgentCore's own pages, and those of its consent portals. With `s3` in the place of the region, the host would be that
 * of a bucket, and anyone can create that bucket.
 */
const agentCore = new RegExp(
  "^(?:bedrock-agentcore(?:-fips)?|[\\w-]+\\.consent(?:-portal)?(?:\\.bedrock-agentcore)?)"
    + "\\.[a-z]{2,4}(?:-[a-z]+)+-\\d+\\.(?:amazonaws\\.(?:com|com\\.cn|eu)|api\\.aws)$"
)

const isAllowed = ({ host, hostname }: URL, hosts: Hosts): boolean =>
  hosts === undefined
    ? isLoopback(hostname) || agentCore.test(host)
    : hosts.some((allowed) => allowed === host || allowed === hostname)

const fromUrl = (value: unknown, hosts: Hosts, retry?: Found["retry"]): Recognized => {
  if (!isString(value)) return invalid("Malformed")
  // The parsed URL is the one that a browser opens. It has no control characters, which a terminal would interpret.
  const url = value.length > maxUrlLength ? null : URL.parse(value)
  if (url === null) return invalid("InvalidUrl")
  if (!isSecure(url.href)) return invalid("InsecureUrl")
  if (url.username !== "" || url.password !== "") return invalid("UserInfo")
  if (!isAllowed(url, hosts)) return invalid("OtherHost")
  const sessions = url.searchParams.getAll("request_uri")
  const [sessionUri] = sessions
  if (sessionUri !== undefined && (sessions.length > 1 || !session.test(sessionUri))) return invalid("InvalidSession")
  return Result.succeedSome({
    consent: new GatewayConsent({
      url: Redacted.make(url.href),
      sessionUri: sessionUri === undefined ? undefined : Redacted.make(sessionUri)
    }),
    retry
  })
}

const fromElicitations = (elicitations: unknown, hosts: Hosts): Recognized => {
  if (!Array.isArray(elicitations) || elicitations.length === 0) return invalid("Malformed")
  if (elicitations.length > 1) return invalid("SeveralLinks")
  return at(elicitations, "0", "mode") === "url" ? fromUrl(at(elicitations, "0", "url"), hosts) : invalid("Malformed")
}

const isUrlElicitation = (request: unknown) =>
  at(request, "method") === "elicitation/create" && at(request, "params", "mode") === "url"

/** The client handles a result that asks for something other than a link. */
const fromInputRequired = (result: unknown, hosts: Hosts): Recognized => {
  const requests = Object.entries(Object(at(result, "inputRequests")))
  if (!requests.some(([, request]) => isUrlElicitation(request))) return none
  const [entry, ...others] = requests
  if (entry === undefined || others.length > 0) return invalid("SeveralLinks")
  const [name, request] = entry
  return fromUrl(at(request, "params", "url"), hosts, {
    inputResponses: { [name]: { action: "accept" } },
    ...(hasProperty(result, "requestState") ? { requestState: result.requestState } : {})
  })
}

/** How `@strands-agents/sdk` reports the error to the model. */
const strands = { prefix: "MCP Elicitation required: [", separator: "] with data ", maxLength: 65_536 }

const fromText = (text: unknown, hosts: Hosts): Recognized => {
  if (!isString(text) || !text.startsWith(strands.prefix)) return none
  const start = text.length > strands.maxLength ? -1 : text.indexOf(strands.separator)
  if (start < 0) return invalid("Malformed")
  try {
    return fromElicitations(JSON.parse(text.slice(start + strands.separator.length)), hosts)
  } catch {
    return invalid("Malformed")
  }
}

/** The levels of causes, reasons and responses that are searched. */
const maxLevels = 5

export const fromError = (error: unknown, hosts: Hosts, level = 0): Recognized => {
  if (!isObject(error) || level === maxLevels) return none
  if (at(error, "code") === -32042) return fromElicitations(at(error, "data", "elicitations"), hosts)
  for (const name of ["reason", "error", "cause"]) {
    const found = fromError(at(error, name), hosts, level + 1)
    if (Result.isFailure(found) || Option.isSome(found.success)) return found
  }
  return none
}

/** A result of MCP with `isError` is the tool's own: the gateway responds with an error of JSON-RPC. */
const fromToolResult = (result: object, hosts: Hosts): Recognized =>
  at(result, "status") === "error" && !("isError" in result)
    ? fromText(at(result, "content", "0", "text"), hosts)
    : none

export const fromResult = (result: unknown, hosts: Hosts): Recognized => {
  if (!isObject(result)) return fromText(result, hosts)
  const isResponse = "jsonrpc" in result
  if (isResponse && "error" in result) return fromError(result.error, hosts)
  const content = isResponse ? at(result, "result") : result
  if (at(content, "resultType") === "input_required") return fromInputRequired(content, hosts)
  return isResponse ? none : fromToolResult(result, hosts)
}

/** Options of `retrying` and `transport`. */
export interface Options<E1 = never, R1 = never, E2 = never, R2 = never> {
  /**
   * The allowed hosts of the link, with or without a port: `["portal.example.com"]`. Set it to the host of your own
   * consent portal, or to the one region of your gateway. Default: the hosts of AgentCore and of its consent portals in
   * all regions, and this machine, for the local server.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /**
   * Shows the link to the user, and waits until the user is done: the browser is back at the return URL, or the consent
   * portal has the consent. Success completes the authorization and repeats the call, failure ends the call.
   *
   * With `complete`, the page at the return URL must check that the signed-in user is the one who was asked. Anyone can
   * open a forwarded link, and would connect their own account.
   */
  readonly show: (consent: GatewayConsent) => Effect.Effect<unknown, E1, R1>
  /**
   * Completes the authorization if the return URL is the application's own, with `Identity.completeAuthorization` and
   * the identifier that called the gateway. A newer JWT of the same user is rejected. It is not called for the link of
   * a consent portal. Default: the authorization is completed elsewhere, for example by the page at the return URL.
   */
  readonly complete?: ((sessionUri: Redacted.Redacted) => Effect.Effect<unknown, E2, R2>) | undefined
}

/** Runs a call. A consent that it asks for goes to `onConsent`. */
const run = <A, E, R, B, E2, R2>(
  call: Effect.Effect<A, E, R>,
  hosts: Hosts,
  onConsent: (found: Found) => Effect.Effect<B, E2, R2>
): Effect.Effect<A | B, E | E2 | InvalidGatewayConsent, R | R2> =>
  Effect.gen(function*() {
    const outcome = yield* Effect.result(call)
    const found = yield* Effect.fromResult(
      Result.isFailure(outcome) ? fromError(outcome.failure, hosts) : fromResult(outcome.success, hosts)
    )
    return yield* Option.isSome(found) ? onConsent(found.value) : Effect.fromResult(outcome)
  })

/** `call` makes the call, and makes it again after the consent, with what a retry sends. */
export const retrying = <A, E, R, E1, R1, E2, R2>(
  call: (retry: Found["retry"] | undefined, attempt: 1 | 2) => Effect.Effect<A, E, R>,
  { complete, hosts, show }: Options<E1, R1, E2, R2>
): Effect.Effect<A, E | E1 | E2 | GatewayConsentRequired | InvalidGatewayConsent, R | R1 | R2> =>
  run(call(undefined, 1), hosts, ({ consent, retry }) =>
    Effect.gen(function*() {
      yield* show(consent)
      if (complete !== undefined && consent.sessionUri !== undefined) yield* complete(consent.sessionUri)
      return yield* run(call(retry, 2), hosts, ({ consent }) => Effect.fail(new GatewayConsentRequired({ consent })))
    }))
