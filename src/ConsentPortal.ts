/**
 * Consent portals: hosted pages where the users of a gateway consent ahead of time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  type ChangeConsentPortalError,
  ControlPlane,
  type CreateConsentPortalError,
  type ListConsentPortalsError,
  type ResourceError,
  type StreamOptions
} from "./ControlPlane.js"
import type {
  ConsentPortalResponse,
  ConsentPortalSummary,
  CreateConsentPortalRequest,
  UpdateConsentPortalRequest
} from "./models/ConsentPortal.js"

/**
 * The creation or update of a portal failed. The service supplies `reason`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsentPortalFailed extends Schema.TaggedError<ConsentPortalFailed>()("ConsentPortalFailed", {
  name: Schema.String,
  status: Schema.String,
  reason: Schema.optional(Schema.String)
}) {
  override get message(): string {
    return `Consent portal '${this.name}' is ${this.status}${this.reason === undefined ? "" : `: ${this.reason}`}`
  }
}

/**
 * The portal did not reach the awaited state before the schedule ended. `status` is the last one read.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsentPortalTimedOut extends Schema.TaggedError<ConsentPortalTimedOut>()("ConsentPortalTimedOut", {
  name: Schema.String,
  status: Schema.String
}) {
  override get message(): string {
    return `Consent portal '${this.name}' is still ${this.status}`
  }
}

/**
 * A definition would change the source of a portal. The service cannot: delete the portal, and create it again, which
 * gives it a new id and URL.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsentPortalSourceSwitch
  extends Schema.TaggedError<ConsentPortalSourceSwitch>()("ConsentPortalSourceSwitch", {
    name: Schema.String,
    from: Schema.String,
    to: Schema.String
  })
{
  override get message(): string {
    return `The source of consent portal '${this.name}' cannot be changed from '${this.from}' to '${this.to}': `
      + "delete the portal and create it again"
  }
}

/**
 * The errors of {@link ensure}.
 *
 * @since 0.1.0
 * @category errors
 */
export type EnsureError =
  | CreateConsentPortalError
  | ChangeConsentPortalError
  | ListConsentPortalsError
  | ConsentPortalSourceSwitch

/**
 * The result of {@link ensure}. `changes` names the members that differed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ensured {
  readonly outcome: "Created" | "Updated" | "Unchanged"
  readonly changes: ReadonlyArray<string>
  /** The portal, which may still be `CREATING` or `UPDATING`: {@link awaitActive} waits for it. */
  readonly portal: ConsentPortalResponse
}

/**
 * Starts the creation of a portal.
 *
 * @since 0.1.0
 * @category operations
 * @example
 * import * as ConsentPortal from "effect-agentcore-identity/ConsentPortal"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   const created = yield* ConsentPortal.create({
 *     name: "my-portal",
 *     executionRoleArn: "arn:aws:iam::123456789012:role/portal",
 *     idpConfig: {
 *       credentialProviderArn:
 *         "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/idp",
 *       scopes: ["openid"]
 *     },
 *     sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
 *   })
 *   const portal = yield* ConsentPortal.awaitActive(created.consentPortalId)
 *   // Register it at the identity provider.
 *   return ConsentPortal.callbackUrl(portal)
 * })
 */
export const create = (
  request: CreateConsentPortalRequest
): Effect.Effect<ConsentPortalResponse, CreateConsentPortalError, ControlPlane> =>
  ControlPlane.use((controlPlane) => controlPlane.createConsentPortal(request))

/**
 * Reads a portal by its id or ARN.
 *
 * @since 0.1.0
 * @category operations
 */
export const get = (identifier: string): Effect.Effect<ConsentPortalResponse, ResourceError, ControlPlane> =>
  ControlPlane.use((controlPlane) => controlPlane.getConsentPortal({ consentPortalIdentifier: identifier }))

/**
 * Starts an update. Omitted members stay as they are.
 *
 * @since 0.1.0
 * @category operations
 */
export const update = (
  identifier: string,
  change: Omit<UpdateConsentPortalRequest, "consentPortalIdentifier">
): Effect.Effect<ConsentPortalResponse, ChangeConsentPortalError, ControlPlane> =>
  ControlPlane.use((controlPlane) =>
    controlPlane.updateConsentPortal({ ...change, consentPortalIdentifier: identifier })
  )

const delete_ = (identifier: string): Effect.Effect<void, ChangeConsentPortalError, ControlPlane> =>
  ControlPlane.use((controlPlane) => controlPlane.deleteConsentPortal({ consentPortalIdentifier: identifier }))

export {
  /**
   * Starts the deletion of a portal.
   *
   * @since 0.1.0
   * @category operations
   */
  delete_ as delete
}

/**
 * Streams all portals.
 *
 * @since 0.1.0
 * @category operations
 */
export const stream = (
  options?: StreamOptions
): Stream.Stream<ConsentPortalSummary, ListConsentPortalsError, ControlPlane> =>
  Stream.unwrap(Effect.map(ControlPlane, (controlPlane) => controlPlane.streamConsentPortals(options)))

const find = (
  name: string
): Effect.Effect<Option.Option<ConsentPortalSummary>, ListConsentPortalsError, ControlPlane> =>
  Stream.runHead(Stream.filter(stream(), (portal) => portal.name === name && portal.status !== "DELETING"))

/** The service may return the ARN of a gateway for its id. */
const isSameSource = (defined: string, returned: string): boolean =>
  defined === returned || returned.endsWith(`/${defined}`) || defined.endsWith(`/${returned}`)

type Change = Omit<UpdateConsentPortalRequest, "consentPortalIdentifier">

const compare = (
  defined: CreateConsentPortalRequest,
  returned: ConsentPortalResponse
): Effect.Effect<Change, ConsentPortalSourceSwitch> => {
  const [from, to] = [returned.sources[0]?.identifier ?? "", defined.sources[0]?.identifier ?? ""]
  const { audience, credentialProviderArn, scopes } = defined.idpConfig
  const isSameIdp = credentialProviderArn === returned.idpConfig.credentialProviderArn
    && audience === returned.idpConfig.audience && Equal.equals(new Set(scopes), new Set(returned.idpConfig.scopes))
  return !isSameSource(to, from)
    ? Effect.fail(new ConsentPortalSourceSwitch({ name: defined.name, from, to }))
    : Effect.succeed({
      ...(defined.executionRoleArn === returned.executionRoleArn
        ? {}
        : { executionRoleArn: defined.executionRoleArn }),
      ...(isSameIdp ? {} : { idpConfig: defined.idpConfig }),
      ...(defined.description === undefined || defined.description === returned.description
        ? {}
        : { description: defined.description })
    })
}

/**
 * Starts the creation of the portal of this name, or an update if it differs from its definition. It is safe to repeat.
 * It does not wait: {@link awaitActive} does. A description that the definition does not have stays, and `tags` are set
 * on creation only.
 *
 * A portal that is `CREATING` or `UPDATING` cannot be updated: that is a `ConflictException`. A portal that is
 * `DELETING` counts as gone; its name may not be free yet.
 *
 * @since 0.1.0
 * @category operations
 */
export const ensure = (
  definition: CreateConsentPortalRequest
): Effect.Effect<Ensured, EnsureError, ControlPlane> => {
  const converge = (found: ConsentPortalSummary): Effect.Effect<Ensured, EnsureError, ControlPlane> =>
    Effect.gen(function*() {
      const current = yield* get(found.consentPortalId)
      const change = yield* compare(definition, current)
      const changes = Object.keys(change)
      return changes.length === 0
        ? { outcome: "Unchanged", changes, portal: current }
        : { outcome: "Updated", changes, portal: yield* update(found.consentPortalId, change) }
    })
  const convergeOr = (
    orElse: Effect.Effect<Ensured, EnsureError, ControlPlane>
  ): Effect.Effect<Ensured, EnsureError, ControlPlane> =>
    Effect.flatMap(find(definition.name), Option.match({ onNone: () => orElse, onSome: converge }))
  const start = Effect.map(create(definition), (portal): Ensured => ({ outcome: "Created", changes: [], portal }))
  return convergeOr(Effect.catchTags(start, {
    // Another process may have created the portal meanwhile.
    ConflictException: (error) => convergeOr(Effect.fail(error)),
    ValidationException: (error) => convergeOr(Effect.fail(error))
  })).pipe(Effect.withSpan("ConsentPortal.ensure"))
}

/**
 * Every 2 seconds, for 5 minutes.
 *
 * @since 0.1.0
 * @category schedules
 */
export const defaultSchedule: Schedule.Schedule<unknown> = Schedule.spaced("2 seconds").pipe(
  Schedule.upTo({ duration: "5 minutes" })
)

/**
 * Waits until a portal is `ACTIVE`. `FAILED` and `UPDATE_FAILED` end the wait with the service's reason.
 *
 * @since 0.1.0
 * @category operations
 */
export const awaitActive = (
  identifier: string,
  schedule: Schedule.Schedule<unknown> = defaultSchedule
): Effect.Effect<ConsentPortalResponse, ResourceError | ConsentPortalFailed | ConsentPortalTimedOut, ControlPlane> =>
  Effect.flatMap(
    get(identifier),
    (portal): Effect.Effect<ConsentPortalResponse, ConsentPortalFailed | ConsentPortalTimedOut> => {
      const { name, status, statusReason } = portal
      switch (status) {
        case "ACTIVE":
          return Effect.succeed(portal)
        case "FAILED":
        case "UPDATE_FAILED":
          return Effect.fail(new ConsentPortalFailed({ name, status, reason: statusReason ?? undefined }))
        default:
          return Effect.fail(new ConsentPortalTimedOut({ name, status }))
      }
    }
  ).pipe(Effect.retry({ schedule, while: (error) => error._tag === "ConsentPortalTimedOut" }))

/**
 * Waits until a portal is deleted.
 *
 * @since 0.1.0
 * @category operations
 */
export const awaitDeleted = (
  identifier: string,
  schedule: Schedule.Schedule<unknown> = defaultSchedule
): Effect.Effect<void, ResourceError | ConsentPortalTimedOut, ControlPlane> =>
  Effect.flatMap(get(identifier), ({ name, status }) => Effect.fail(new ConsentPortalTimedOut({ name, status }))).pipe(
    Effect.retry({ schedule, while: (error) => error._tag === "ConsentPortalTimedOut" }),
    Effect.catchTag("ResourceNotFoundException", () => Effect.void)
  )

/** AWS is reported to send the URL with and without its scheme. */
const resolve = (portal: { readonly portalUrl?: string | null | undefined }, path: string): Option.Option<string> =>
  Option.map(
    Option.fromNullishOr(portal.portalUrl),
    (url) => `${/^https?:\/\//.test(url) ? "" : "https://"}${url.replace(/\/+$/, "")}${path}`
  )

/**
 * Returns the redirect URI to register at the identity provider. None until the portal is `ACTIVE`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const callbackUrl = (portal: {
  /** The URL of the portal. AWS sends it when the portal is `ACTIVE`. */
  readonly portalUrl?: string | null | undefined
}): Option.Option<string> => resolve(portal, "/callback")

/**
 * Returns the `defaultReturnUrl` for the targets of the gateway. None until the portal is `ACTIVE`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connectReturnUrl = (portal: {
  /** The URL of the portal. AWS sends it when the portal is `ACTIVE`. */
  readonly portalUrl?: string | null | undefined
}): Option.Option<string> => resolve(portal, "/connect/callback")
