/**
 * Tools of `effect/ai` that need an access token of the user. The token is a dependency of the tool, and each call gets
 * it for the caller of its own request. The approval of `effect/ai` is the consent:
 *
 * 1. The model calls the tool. If the user has to consent first, the turn ends with a `tool-approval-request`.
 * 2. {@link pending} returns the link for the user. The model never sees it. The chat can be stored meanwhile.
 * 3. After the consent, a `tool-approval-response` runs the tool, and the model continues with its result.
 *
 * If the user approves without consent, the model gets "The user has to connect 'google' first." as the result.
 *
 * An approval runs one call: of this tool, with these parameters, for this user, once. `effect/ai` reads approvals from
 * the chat, which a browser or a database may have changed, so {@link toolkit} remembers each request for an approval
 * in `ConsentSignals`, for 30 days.
 *
 * Tools of an MCP server ask in its client instead: see `mcp/ConsentElicitation`.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as CredentialTool from "effect-agentcore-identity/ai/CredentialTool"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
 * import type * as Chat from "effect/ai/Chat"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as Ref from "effect/Ref"
 * import * as Schema from "effect/Schema"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "google",
 *   flow: "USER_FEDERATION",
 *   scopes: ["https://www.googleapis.com/auth/calendar.readonly"],
 *   returnUrl: "https://app.example.com/connect/return"
 * }) {}
 *
 * const listEvents = Tool.make("list_events", {
 *   description: "Lists the events of a day",
 *   parameters: Schema.Struct({ day: Schema.String }),
 *   success: Schema.String
 * })
 *
 * const Tools = Toolkit.make(CredentialTool.make(listEvents, Calendar))
 *
 * const handlers = Tools.toLayer({
 *   // The token of the caller of this request.
 *   list_events: ({ day }) => Effect.map(Calendar, () => `${day}: 09:00 Breakfast`)
 * })
 *
 * // A turn, and what the application shows when it ends.
 * const ask = (chat: Chat.Chat, prompt: string, user: UserIdentifier) =>
 *   Effect.gen(function*() {
 *     const { text } = yield* chat.generateText({ prompt, toolkit: CredentialTool.toolkit(Tools, { user }) })
 *     const history = yield* Ref.get(chat.history)
 *     const pending = yield* CredentialTool.pending(Tools, history, { link: Connect.link })
 *     return { text, pending }
 *   })
 *
 * // The user comes back from the link.
 * const approve = (chat: Chat.Chat, { approvalId }: { readonly approvalId: string }, user: UserIdentifier) =>
 *   chat.generateText({
 *     prompt: [{ role: "tool", content: [{ type: "tool-approval-response", approvalId, approved: true }] }],
 *     toolkit: CredentialTool.toolkit(Tools, { user })
 *   })
 */
import * as AiError from "effect/ai/AiError"
import type * as Prompt from "effect/ai/Prompt"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import * as AccessToken from "../AccessToken.js"
import * as Consent from "../Consent.js"
import type { ConsentSession } from "../ConsentSession.js"
import type { AccessTokenCredential, AccessTokenError, Identity } from "../Identity.js"
import { isIdentityError, RequiresUserConsent } from "../IdentityError.js"
import { canonicalize } from "../internal/models/plainData.js"
import * as Signals from "../internal/pendingConsents/signals.js"
import { unregistered } from "../internal/pendingConsents/store.js"
import * as Validation from "../internal/plane/validation.js"
import * as Redactor from "../internal/redactor.js"
import { ConsentSignals } from "../PendingConsents.js"
import { UserIdentifier } from "../UserIdentifier.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"

type ToolConfig = {
  readonly parameters: Schema.Constraint
  readonly success: Schema.Constraint
  readonly failure: Schema.Constraint
  readonly failureMode: Tool.FailureMode
}

/**
 * A tool that needs an access token of the user.
 *
 * @since 0.2.0
 * @category models
 */
export interface CredentialTool<
  out Name extends string,
  out Config extends ToolConfig,
  in out Id,
  out Requirements = never
> extends Tool.Tool<Name, Config, Id | Requirements> {
  /** The token that the tool needs. */
  readonly credential: AccessToken.Credential<Id, "USER_FEDERATION">
}

/** The tool as a request sees it: the credential is provided, for the caller of the request. */
type Provided<T extends Tool.Any> = T extends CredentialTool<infer Name, infer Config, infer Id, infer _>
  ? Extract<Tool.Tool<Name, Config, Exclude<Tool.Requirements<T>, Id> | Identity | WorkloadAccessToken>, Tool.Any>
  : T

/**
 * Rejects a tool whose failure can hold the session of a consent. `effect/ai` encodes it for the model, and the encoded
 * form of a session has AgentCore's URL in clear.
 */
type WithoutSession<Failure extends Schema.Constraint> =
  [Extract<Failure["Type"], { readonly session: ConsentSession }>] extends [never] ? unknown : never

/** A call that waits for an approval. */
type Pending = {
  /** The id that the `tool-approval-response` repeats. */
  readonly approvalId: string
  readonly toolCallId: string
  /** The name of the tool. */
  readonly tool: string
  /** What the application shows to the user. `undefined` if the user has consented already. */
  readonly consent: Consent.Required | undefined
}

/**
 * Makes a tool whose handler requires the credential, and reads it from its context. {@link toolkit} provides it. A
 * request with the plain toolkit does not compile without the token. The failure of the tool is not
 * `RequiresUserConsent`, because there is no handler without a token. With `needsApproval` the user approves each call,
 * also after the consent.
 *
 * @since 0.2.0
 * @category constructors
 */
export const make = <const Name extends string, Config extends ToolConfig, Requirements, Id>(
  tool: Tool.Tool<Name, Config, Requirements> & WithoutSession<Config["failure"]>,
  credential: AccessToken.Credential<Id, "USER_FEDERATION">
): CredentialTool<Name, Config, Id, Requirements> =>
  Object.assign((tool as Tool.Tool<Name, Config, Requirements>).addDependency(credential), { credential })

type UserCredentialOf = AccessToken.Credential<unknown, "USER_FEDERATION">

const credentialOf = (tool: Tool.Any | undefined): UserCredentialOf | undefined =>
  // The constructor of this module sets the property, and copies of the tool keep it.
  Predicate.hasProperty(tool, "credential") ? tool.credential as UserCredentialOf : undefined

/** The approval is the consent, so no handler of the program runs. */
const getToken = (credential: UserCredentialOf) => AccessToken.get(credential, { consent: Consent.fail })

/** Another error is that of the call, after the approval. */
const isConsentMissing = (credential: UserCredentialOf) =>
  Effect.match(unregistered(getToken(credential)), {
    onFailure: ({ _tag }) => _tag === "RequiresUserConsent",
    onSuccess: () => false
  })

const approvalLifetime = "30 days"

/** A registration of {@link ConsentSignals} has a name. The topic of a request for an approval is unique. */
const execution = "approval"

const checkUser = Validation.makeCheck("CredentialTool.toolkit", () => ({ user: UserIdentifier }))

/** The requests for an approval of a user's calls. */
const makeApprovals = (signals: ConsentSignals["Service"], user: UserIdentifier) => {
  /** The topic of a call. A workload identity has another name. A database may sort the parameters of a stored call. */
  const topicOf = (tool: Tool.Any, toolCallId: string, params: unknown) =>
    Effect.flatMap(Schema.encodeUnknownEffect(tool.parametersSchema)(params), (encoded) =>
      Signals.grant({
        workload: "effect/ai",
        user,
        credential: JSON.stringify([tool.name, toolCallId, hash("sha256", canonicalize(encoded), "base64url")])
      }))
  return {
    /** `effect/ai` runs a tool whose check fails, so this effect never fails: the approval is then unknown. */
    request: (tool: Tool.Any, toolCallId: string, params: unknown) =>
      Effect.gen(function*() {
        const topic = yield* topicOf(tool, toolCallId, params)
        const expiresAt = DateTime.addDuration(yield* DateTime.now, approvalLifetime)
        yield* signals.register({ topic, execution, expiresAt })
      }).pipe(
        Effect.catch(({ message }) =>
          Effect.logWarning(`The approval of a call of '${tool.name}' will not be accepted: ${message}`)
        )
      ),
    /** Whether the user was asked for this call. The first use returns true. The handler rejects other parameters. */
    use: (tool: Tool.Any, toolCallId: string, params: unknown) =>
      Effect.matchEffect(Schema.decodeUnknownEffect(tool.parametersSchema)(params), {
        onFailure: () => Effect.succeed(true),
        onSuccess: (decoded) =>
          Effect.flatMap(topicOf(tool, toolCallId, decoded), (topic) => signals.unregister(topic, execution))
      })
  }
}

type Approvals = ReturnType<typeof makeApprovals>

/** `allow` is called for a call that needs no approval. */
const withApproval = (tool: Tool.Any, { request }: Approvals, allow: (toolCallId: string) => void): Tool.Any =>
  tool.setNeedsApproval((params, context) => {
    const { needsApproval = false } = tool
    const credential = credentialOf(tool)
    return Effect.gen(function*() {
      const needed = typeof needsApproval === "function" ? needsApproval(params, context) : needsApproval
      const isNeeded = (Effect.isEffect(needed) ? yield* needed : needed)
        || (credential !== undefined && (yield* isConsentMissing(credential)))
      if (isNeeded) yield* request(tool, context.toolCallId, params)
      else allow(context.toolCallId)
      return isNeeded
      // The function runs in the context of the request, and the requirements of the tool include these services.
    }) as Effect.Effect<boolean>
  })

const notApproved = {
  message: "This call was not approved: the user was not asked for it, or its approval was used. Call the tool again."
}

/** The form of a call that the user did not approve. */
const denied = ({ message }: { readonly message: string }): Tool.HandlerResult<Tool.Any> => {
  const result = { type: "execution-denied", reason: message } as const
  return { result, encodedResult: result, isFailure: true, failureOrigin: "handler", preliminary: false }
}

/** The handler may fail with the error of another credential, whose encoded form has the session in clear. */
const withoutSession = (output: Tool.HandlerResult<Tool.Any>): Tool.HandlerResult<Tool.Any> => {
  if (!output.isFailure) return output
  if (isIdentityError(output.result) && output.result._tag === "AuthorizationTimedOut") return denied(output.result)
  const consent = Consent.fromError(output.result)
  if (consent !== undefined) return denied(new RequiresUserConsent({ session: consent.session }))
  return Redactor.hasSession(output.encodedResult) ? denied({ message: Redactor.sessionMessage }) : output
}

const toAiError = (name: string) => ({ message }: { readonly message: string }) =>
  AiError.make({
    module: "CredentialTool",
    method: `${name}.handle`,
    reason: new AiError.UnknownError({ description: message })
  })

/**
 * The toolkit for a request: `generateText({ prompt, toolkit: CredentialTool.toolkit(Tools, { user }) })`. It provides
 * the credentials of the tools, for the `WorkloadAccessToken` of the request, whose user is `user`.
 *
 * A call of a tool requests its token before the approval, and again before the handler runs. With `CredentialCache`
 * under `Identity`, the second request is a cache hit.
 *
 * If AgentCore issues no token for another reason than the consent, the request fails with an `AiError` that has the
 * message of the error.
 *
 * An approval, also of a tool without a credential, runs its call once. If this user was not asked for this tool
 * with these parameters, or the approval was used, or 30 days have passed, the model gets a sentence instead of a
 * result, and may call again. An approval is used when the handler starts, so a call whose handler failed needs another
 * one. With `PendingConsents.layerMemory`, a new process knows no approvals. What the toolkit does not see:
 *
 * - the responses of the user. `effect/ai` runs a call whose chat has both a denial and an approval
 * - whether `user` is the user who pressed the button. The application says so
 * - calls that the program makes with `handle` and without the id of a call, which need no approval
 * - another call with the id of an approved one. It counts as approved for `effect/ai`, and is rejected here
 *
 * @since 0.2.0
 * @category constructors
 */
export const toolkit = <Tools extends Record<string, Tool.Any>>(
  self: Toolkit.Toolkit<Tools>,
  options: {
    /** The user of the request: of its `WorkloadAccessToken`, and of the approvals in it. */
    readonly user: UserIdentifier
  }
): Effect.Effect<
  Toolkit.WithHandler<{ readonly [Name in keyof Tools]: Provided<Tools[Name]> }>,
  never,
  Tool.HandlersFor<Tools> | ConsentSignals
> =>
  Effect.gen(function*() {
    const invalid = checkUser(options)
    if (invalid !== undefined) return yield* Effect.die(invalid)
    const { handle, tools } = yield* self
    const approvals = makeApprovals(yield* ConsentSignals, options.user)
    // The calls of this request that `effect/ai` runs because they need no approval.
    const allowed = new Set<string>()
    const provided = Object.fromEntries(
      Object.entries<Tool.Any>(tools).map(([name, tool]) => [
        name,
        withApproval(tool, approvals, (toolCallId) => allowed.add(toolCallId))
      ])
    )
    const isApproved = (name: string, params: unknown, toolCallId: string | undefined) =>
      toolCallId === undefined || allowed.delete(toolCallId) || !Object.hasOwn(tools, name)
        ? Effect.succeed(true)
        : Effect.mapError(approvals.use(tools[name]!, toolCallId, params), toAiError(name))
    const run = (name: string, ...args: [never, string?]) =>
      Effect.flatMap(isApproved(name, ...args), (approved) =>
        approved
          ? Effect.map(
            handle(name, ...args) as ReturnType<Toolkit.WithHandler<Record<string, Tool.Any>>["handle"]>,
            Stream.map(withoutSession)
          )
          : Effect.succeed(Stream.succeed(denied(notApproved))))
    const call = (name: string, ...args: [never, string?]) => {
      const credential = credentialOf(tools[name])
      return credential === undefined ? run(name, ...args) : Effect.matchEffect(getToken(credential), {
        onFailure: (error) =>
          error._tag === "RequiresUserConsent"
            ? Effect.succeed(Stream.succeed(denied(error)))
            : Effect.fail(toAiError(name)(error)),
        onSuccess: (token) =>
          Effect.map(run(name, ...args), Stream.provideService(credential, token)).pipe(
            Effect.provideService(credential, token)
          )
      })
    }
    // The types of the tools are those of `self`, without the credentials.
    return { tools: provided, handle: call } as never
  })

/**
 * Returns the calls of a chat that wait for an approval, each with the link for the user. The chat can be of another
 * process or of another day. Without a chat, pass `Prompt.fromResponseParts(response.content)`.
 *
 * Each use requests the tokens, so `consent` is `undefined` as soon as the user has consented.
 *
 * @since 0.2.0
 * @category accessors
 */
export const pending = <E = never, R = never>(
  toolkit: Toolkit.Any,
  prompt: Prompt.Prompt,
  options: {
    /**
     * The link where the user connects a credential: `Connect.link`. Default: the authorization URL of a new session,
     * which expires after ten minutes. The application then completes the session, see `PendingConsents`.
     */
    readonly link?: ((credential: AccessTokenCredential<"USER_FEDERATION">) => Effect.Effect<string, E, R>) | undefined
  } = {}
): Effect.Effect<ReadonlyArray<Pending>, AccessTokenError | E, Identity | WorkloadAccessToken | R> => {
  const { link } = options
  const calls = new Map<string, string>()
  const requests: Array<Pick<Pending, "approvalId" | "toolCallId">> = []
  const ended = new Set<string>()
  for (const { content } of prompt.content) {
    for (const part of Predicate.isString(content) ? [] : content) {
      if (part.type === "tool-call") calls.set(part.id, part.name)
      if (part.type === "tool-approval-request") requests.push(part)
      if (part.type === "tool-approval-response") ended.add(part.approvalId)
    }
  }
  const consentOf = (credential: UserCredentialOf) =>
    Effect.matchEffect(getToken(credential), {
      onFailure: (error): Effect.Effect<Consent.Required | undefined, AccessTokenError | E, R> => {
        if (error._tag !== "RequiresUserConsent") return Effect.fail(error)
        const consent = Consent.fromError(error)
        return link === undefined || consent === undefined
          ? Effect.succeed(consent)
          : Effect.map(link(credential), (address) => ({ ...consent, link: Redacted.make(address) }))
      },
      onSuccess: () => Effect.undefined
    })
  return Effect.gen(function*() {
    const consents = new Map<UserCredentialOf, Consent.Required | undefined>()
    const list: Array<Pending> = []
    for (const { approvalId, toolCallId } of requests) {
      const tool = calls.get(toolCallId) ?? ""
      const credential = Object.hasOwn(toolkit.tools, tool) ? credentialOf(toolkit.tools[tool]) : undefined
      if (credential === undefined || ended.has(approvalId)) continue
      if (!consents.has(credential)) consents.set(credential, yield* consentOf(credential))
      list.push({ approvalId, toolCallId, tool, consent: consents.get(credential) })
    }
    return list
  })
}
