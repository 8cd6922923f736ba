/**
 * A consent that takes days, as a workflow of `effect/workflow`. It survives deployments and crashes. It requests the
 * token from AgentCore. If the user has not consented, it invites them with the link of `Connect`, reminds them, and
 * waits until they consent or its patience ends.
 *
 * | process | layers |
 * | --- | --- |
 * | a runner, where the workflow runs | {@link layer}, `Connect.layer` or `Connect.layerLinks`, a store of consents, a `WorkflowEngine` |
 * | the pages of `Connect`, and the page of its return URL | {@link layerSignals} around the store of consents, a `WorkflowEngine` |
 *
 * They can be one process. In production the engine is `ClusterWorkflowEngine` of `effect/cluster`, over `SingleRunner`
 * for a single process, or over several runners. The store of consents is one of `persistence/ConsentStore`. A store in
 * memory loses its registrations when the process ends.
 *
 * The database of the engine contains only the names of the workload, the credential and the user, and an episode. No
 * token, URL, session or JWT is stored in it. So users have ids: a JWT would expire during the wait.
 *
 * The guide *In production* (`src/persistence/README.md`) says what a wait costs, which processes can be runners, and
 * how to remove old executions. `test/examples/durable-consent.ts` is a whole program, whose workflow uses
 * {@link orAsk}.
 *
 * @since 0.2.0
 * @example
 * import * as AccessToken from "effect-agentcore-identity/AccessToken"
 * import * as ObtainConsent from "effect-agentcore-identity/durable/ObtainConsent"
 * import * as Connect from "effect-agentcore-identity/http/Connect"
 * import * as Console from "effect/Console"
 * import * as Layer from "effect/Layer"
 *
 * class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
 *   provider: "calendar",
 *   flow: "USER_FEDERATION",
 *   returnUrl: "https://agent.example.com/connect/return"
 * }) {}
 *
 * // In the process that runs the workflows. A real program sends a mail.
 * export const runner = ObtainConsent.layer({
 *   invite: ({ link, user }) => Console.log(`${user.userId}, please connect your calendar: ${link}`),
 *   patience: "7 days"
 * }).pipe(
 *   Layer.provide(
 *     Connect.layerLinks({ path: "/connect", credentials: { calendar: Calendar }, workload: "my-agent" })
 *   )
 * )
 *
 * // In any process with these links and the same engine.
 * export const wait = ObtainConsent.start({ credential: Calendar, user: { userId: "alice" }, episode: "report 7" })
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Activity from "effect/workflow/Activity"
import type * as Workflow from "effect/workflow/Workflow"
import { type WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type * as AccessToken from "../AccessToken.js"
import type { DataPlane } from "../DataPlane.js"
import { Connect } from "../http/Connect.js"
import type { ValidationException } from "../IdentityError.js"
import * as Constraint from "../internal/models/constraint.js"
import { unregistered } from "../internal/pendingConsents/store.js"
import * as OptionType from "../internal/plane/optionType.js"
import * as Validation from "../internal/plane/validation.js"
import { ConsentSignals } from "../PendingConsents.js"
import type { WorkloadAccessToken } from "../WorkloadAccessToken.js"
import * as Run from "./obtainConsent/run.js"
import { ConsentNotObtained, type Payload, type Request, workflow } from "./obtainConsent/workflow.js"

export {
  /** @since 0.2.0 */
  ConsentNotObtained,
  /** @since 0.2.0 */
  type Request,
  /** @since 0.2.0 */
  workflow
} from "./obtainConsent/workflow.js"

const defaultReminders: ReadonlyArray<Duration.Input> = ["1 day", "3 days"]

const timesOf = ({ patience = "7 days", reminders = defaultReminders }: Pick<
  Parameters<typeof layer>[0],
  "patience" | "reminders"
>): ReadonlyArray<Duration.Duration> => {
  const end = Duration.fromInputUnsafe(patience)
  // The default reminders are for a long patience.
  const before = reminders === defaultReminders
    ? reminders.filter((reminder) => Duration.isLessThan(Duration.fromInputUnsafe(reminder), end))
    : reminders
  return [...before.map((reminder) => Duration.fromInputUnsafe(reminder)), end]
}

const checkOptions = Validation.makeCheck("ObtainConsent.layer", () => ({
  invite: OptionType.AnyFunction,
  reminders: Constraint.optional(Schema.Array(OptionType.DurationInput)),
  patience: Constraint.optional(OptionType.DurationInput)
}))

const checkTimes = (times: ReadonlyArray<Duration.Duration>): ValidationException | undefined =>
  times.every((time, index) =>
      Duration.isFinite(time) && Duration.isGreaterThan(time, times[index - 1] ?? Duration.zero)
    )
    ? undefined
    : Validation.invalidProperty(
      "ObtainConsent.layer",
      "reminders",
      "be times in ascending order, all of them before the end of the patience"
    )

const checkRequest = Validation.check(
  Schema.Struct({ user: Schema.Struct({ userId: Constraint.UserId }), episode: Constraint.string(1, 1024) }),
  "ObtainConsent"
)

const invalid = (property: string, expected: string): ValidationException =>
  Validation.invalidProperty("ObtainConsent", property, expected)

const payloadOf = ({ credential, episode, user }: Request): Effect.Effect<Payload, ValidationException, Connect> =>
  Effect.gen(function*() {
    const { nameOf, users, workload } = yield* Connect
    yield* Effect.fromResult(checkRequest({ user, episode }))
    if (users !== "userId") return yield* invalid("user", "have an id: Connect has the option users set to 'jwt'")
    const name = Option.getOrUndefined(nameOf(credential))
    return name === undefined
      ? yield* invalid("credential", "be one of the credentials of Connect")
      : { workload, userId: user.userId, credential: name, episode }
  })

/**
 * Registers the workflow with the `WorkflowEngine` of this process, which becomes a runner of it. An execution keeps
 * the times that the options had at its beginning, even if another deployment changes them.
 *
 * Invalid options are a defect with a `ValidationException`.
 *
 * @since 0.2.0
 * @category layers
 */
export const layer = <E, R>(options: {
  /**
   * Sends the link to the user: by mail, or as a message of a chat. It runs again for each reminder. If the invitation
   * fails, the wait fails with `InvitationFailed`, so retry inside this effect. If a reminder fails, the wait
   * continues.
   */
  readonly invite: (invitation: {
    /** The page where the user connects the credential. It names no user, contains no secret, and does not expire. */
    readonly link: string
    readonly user: { readonly userId: string }
    /** The name that `Connect` has for the credential. */
    readonly credential: string
    /** The name of the workload identity. */
    readonly workload: string
    /** 0 for the invitation, then the number of the reminder. */
    readonly reminder: number
    /**
     * Equal for two attempts to send the same message. If a process dies while it sends a message, another process
     * sends it again. Pass the key to a mail service that drops duplicates.
     */
    readonly key: string
  }) => Effect.Effect<unknown, E, R>
  /**
   * When to remind the user, since the beginning of the wait, in ascending order. A user who has consented gets no
   * reminder. Default: after 1 day and 3 days.
   */
  readonly reminders?: ReadonlyArray<Duration.Input> | undefined
  /** How long to wait for the user. Default: 7 days. */
  readonly patience?: Duration.Input | undefined
}): Layer.Layer<
  never,
  never,
  | Connect
  | ConsentSignals
  | DataPlane
  | WorkflowEngine
  | Exclude<R, Scope.Scope | WorkflowEngine | WorkflowInstance | Workflow.Execution<(typeof workflow)["_tag"]>>
> =>
  Validation.makeLayer(checkOptions, options, (options) => {
    const times = timesOf(options)
    const error = checkTimes(times)
    return error === undefined
      ? workflow.toLayer(Run.run({
        invite: ({ credential, userId, workload }, message) =>
          options.invite({ ...message, user: { userId }, credential, workload }),
        times
      }))
      : Layer.unwrap(Effect.die(error))
  })

/**
 * Extends the `ConsentSignals` in context: signals also resume the executions that wait for a grant, in any process.
 * Put it between the store of consents and the pages of `Connect`.
 *
 * If the database of the engine fails, or the process of the page is killed, the executions find the consent within an
 * hour.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerSignals: Layer.Layer<ConsentSignals, never, ConsentSignals | WorkflowEngine> = Layer.fresh(
  Layer.effect(ConsentSignals, Run.makeSignals)
)

/**
 * Starts the workflow, and returns the id of its execution at once. A fiber that waited for the result would run for
 * days. Poll the {@link workflow} instead, or wait with {@link obtain} in your own workflow. An equal request returns
 * the same execution.
 *
 * @since 0.2.0
 * @category operations
 */
export const start = (request: Request): Effect.Effect<string, ValidationException, Connect | WorkflowEngine> =>
  Effect.flatMap(payloadOf(request), (payload) => workflow.execute(payload, { discard: true }))

/**
 * Waits for the consent inside a workflow. The workflow is suspended meanwhile, and takes no memory. `AlreadyGranted`:
 * the user had consented before, and was not invited.
 *
 * `episode` has to differ between the calls of one execution for the same credential and user. Two executions that wait
 * for the same consent both invite the user, and one consent resumes both. An invalid request is a defect with a
 * `ValidationException`.
 *
 * @since 0.2.0
 * @category operations
 */
export const obtain = (
  request: Request
): Effect.Effect<"Granted" | "AlreadyGranted", ConsentNotObtained, Connect | WorkflowEngine | WorkflowInstance> =>
  Effect.gen(function*() {
    const { executionId } = yield* WorkflowInstance
    const payload = yield* Effect.orDie(payloadOf(request))
    // The engine resumes only one parent of an execution, so each parent has its own.
    return yield* workflow.execute({ ...payload, episode: `${executionId} ${payload.episode}` })
  })

/** An activity with the token of a user. The wait provides some of its requirements, and adds its own. */
type AfterConsent<A extends Schema.Top, E extends Schema.Top, R, Id> = Effect.Effect<
  A["Type"],
  E["Type"] | ConsentNotObtained,
  | Exclude<R, Id | WorkloadAccessToken>
  | A["DecodingServices"]
  | A["EncodingServices"]
  | E["DecodingServices"]
  | E["EncodingServices"]
  | Connect
  | DataPlane
  | WorkflowEngine
  | WorkflowInstance
>

/**
 * Runs an activity with the token of a user, inside a workflow. If the user has to consent, it waits for them as
 * {@link obtain} does, and runs the activity after that, with a fresh token. The activity takes the token from the tag
 * of the credential.
 *
 * It takes an activity, not any effect, because the body of a workflow runs again at each resume and would call the API
 * again. The engine stores what an activity returns, fails with or dies with as plain text, even a `Schema.Redacted`:
 * never return the token.
 *
 * It fails with `ConsentNotObtained` if there is no token, and with the failures of the activity. Wrap it in
 * `Activity.retry` to try again. A credential that `Connect` does not have is a defect with a `ValidationException`.
 *
 * @since 0.2.0
 * @category operations
 */
export const orAsk: {
  /** Runs an activity with the token of a user, inside a workflow. If the user has to consent, it waits for them. */
  <Id>(credential: AccessToken.Credential<Id, "USER_FEDERATION">, options: Pick<Request, "user">): <
    A extends Schema.Top,
    E extends Schema.Top,
    R
  >(self: Activity.Activity<A, E, R>) => AfterConsent<A, E, R, Id>
  /** Runs an activity with the token of a user, inside a workflow. If the user has to consent, it waits for them. */
  <A extends Schema.Top, E extends Schema.Top, R, Id>(
    self: Activity.Activity<A, E, R>,
    credential: AccessToken.Credential<Id, "USER_FEDERATION">,
    options: Pick<Request, "user">
  ): AfterConsent<A, E, R, Id>
} = dual(
  // A tag is an effect too.
  (args) => Effect.isEffect(args[0]) && hasProperty(args[0], "executeEncoded"),
  <A extends Schema.Top, E extends Schema.Top, R, Id>(
    self: Activity.Activity<A, E, R>,
    credential: AccessToken.Credential<Id, "USER_FEDERATION">,
    { user }: Pick<Request, "user">
  ) =>
    Effect.gen(function*() {
      const attempt = yield* Activity.CurrentAttempt
      const request = { credential, user, episode: `${self.name} ${attempt}` }
      const { credential: name, workload } = yield* Effect.orDie(payloadOf(request))
      // The program may have an `Identity` that reviews no accounts.
      const { identity } = yield* Connect

      const execute = unregistered(identity.getAccessToken(credential)).pipe(
        Effect.asSome,
        // The error contains a URL, and the engine stores the failures of an activity.
        Effect.catchTag("RequiresUserConsent", () => Effect.succeedNone),
        Run.orNotObtained(name, "Unavailable"),
        Effect.flatMap((token) =>
          Option.isNone(token)
            ? Effect.succeedNone
            : Effect.asSome(Effect.provideService(self.execute, credential, token.value))
        ),
        Run.asUser(workload, user.userId)
      )
      const success = Schema.Option(self.successSchema)
      const error = Schema.Union([self.errorSchema, ConsentNotObtained])
      /** None: the user has to consent. */
      const run = (activity: string) =>
        Activity.make<Effect.Services<typeof execute>, typeof success, typeof error>({
          name: activity,
          success,
          error,
          execute
        })

      const first = yield* run(self.name)
      if (Option.isSome(first)) return first.value
      yield* obtain(request)
      const second = yield* run(`${self.name}, after consent`)
      return Option.isSome(second)
        ? second.value
        : yield* new ConsentNotObtained({ credential: name, reason: "StillRequired" })
    })
)
