/**
 * Consent portals: hosted pages where the users of a gateway consent in advance.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ControlPlane, type operations, type ResourceError } from "./ControlPlane.js"
import type {
  ConsentPortalResponse,
  ConsentPortalSummary,
  CreateConsentPortalRequest,
  UpdateConsentPortalRequest
} from "./Models.js"
import type * as Operation from "./Operation.js"

/**
 * The creation or update of a portal failed. The service supplies `reason`.
 *
 * @since 0.2.0
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
 * The portal did not reach the expected state before the schedule ended. `status` is the last one read.
 *
 * @since 0.2.0
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
 * A definition would change the source of a portal, which the service cannot do. Delete the portal and create it again:
 * the new one has another id and URL.
 *
 * @since 0.2.0
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
 * @since 0.2.0
 * @category errors
 */
export type EnsureError =
  | Operation.Error<typeof operations["createConsentPortal" | "listConsentPortals" | "updateConsentPortal"]>
  | ConsentPortalSourceSwitch

/**
 * The result of {@link ensure}. `changes` names the members that differed.
 *
 * @since 0.2.0
 * @category models
 */
export interface Ensured {
  readonly outcome: "Created" | "Updated" | "Unchanged"
  readonly changes: ReadonlyArray<string>
  /** The portal. It may still be `CREATING` or `UPDATING`: {@link awaitActive} waits for it. */
  readonly portal: ConsentPortalResponse
}

const get = (consentPortalIdentifier: string) =>
  ControlPlane.use((controlPlane) => controlPlane.getConsentPortal({ consentPortalIdentifier }))

/** The service may return the ARN of a gateway instead of its id. */
const isSameSource = (defined: string, returned: string): boolean =>
  defined === returned || returned.endsWith(`/${defined}`) || defined.endsWith(`/${returned}`)

const compare = (
  defined: CreateConsentPortalRequest,
  returned: ConsentPortalResponse
): Effect.Effect<Omit<UpdateConsentPortalRequest, "consentPortalIdentifier">, ConsentPortalSourceSwitch> => {
  const [from, to] = [returned.sources[0]?.identifier ?? "", defined.sources[0]?.identifier ?? ""]
  const { audience, credentialProviderArn, scopes } = defined.idpConfig
  const isSameIdp = credentialProviderArn === returned.idpConfig.credentialProviderArn
    && audience === returned.idpConfig.audience && Equal.equals(new Set(scopes), new Set(returned.idpConfig.scopes))
  return !isSameSource(to, from)
    ? Effect.fail(new ConsentPortalSourceSwitch({ name: defined.name, from, to }))
    : Effect.succeed({
      ...defined.executionRoleArn !== returned.executionRoleArn && { executionRoleArn: defined.executionRoleArn },
      ...!isSameIdp && { idpConfig: defined.idpConfig },
      ...defined.description !== undefined && defined.description !== returned.description
        && { description: defined.description }
    })
}

/**
 * Starts the creation of a portal, or an update if the portal with this name differs from its definition. It is safe to
 * repeat. It does not wait: {@link awaitActive} does. If the definition has no description, the description of the
 * portal stays. `tags` are set on creation only.
 *
 * Fails with `ConflictException` if the portal must be updated while it is `CREATING` or `UPDATING`. A portal that is
 * `DELETING` counts as deleted, but its name may not be free yet.
 *
 * @since 0.2.0
 * @category operations
 * @example
 * import * as ConsentPortal from "effect-agentcore-identity/ConsentPortal"
 * import * as Effect from "effect/Effect"
 *
 * const setUp = Effect.gen(function*() {
 *   const { portal } = yield* ConsentPortal.ensure({
 *     name: "my-portal",
 *     executionRoleArn: "arn:aws:iam::123456789012:role/portal",
 *     idpConfig: {
 *       credentialProviderArn:
 *         "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/idp",
 *       scopes: ["openid"]
 *     },
 *     sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
 *   })
 *   const active = yield* ConsentPortal.awaitActive(portal.consentPortalId)
 *   // Register this URL at the identity provider.
 *   return ConsentPortal.callbackUrl(active)
 * })
 */
export const ensure: (definition: CreateConsentPortalRequest) => Effect.Effect<Ensured, EnsureError, ControlPlane> =
  Effect.fn("ConsentPortal.ensure")(function*(definition) {
    const plane = yield* ControlPlane
    const find = Stream.runHead(
      Stream.filter(
        plane.streamConsentPortals(),
        ({ name, status }) => name === definition.name && status !== "DELETING"
      )
    )
    const update = Effect.fnUntraced(function*({ consentPortalId: consentPortalIdentifier }: ConsentPortalSummary) {
      const portal = yield* plane.getConsentPortal({ consentPortalIdentifier })
      const change = yield* compare(definition, portal)
      const changes = Object.keys(change)
      if (changes.length === 0) return { outcome: "Unchanged" as const, changes, portal }
      const updated = yield* plane.updateConsentPortal({ ...change, consentPortalIdentifier })
      return { outcome: "Updated" as const, changes, portal: updated }
    })
    const found = yield* find
    if (Option.isSome(found)) return yield* update(found.value)
    return yield* plane.createConsentPortal(definition).pipe(
      Effect.map((portal): Ensured => ({ outcome: "Created", changes: [], portal })),
      // Another process may have created the portal meanwhile.
      Effect.catchTag(
        ["ConflictException", "ValidationException"],
        (error) => Effect.flatMap(find, Option.match({ onNone: () => Effect.fail(error), onSome: update }))
      )
    )
  })

const defaultSchedule: Schedule.Schedule<unknown> = Schedule.spaced("2 seconds").pipe(
  Schedule.upTo({ duration: "5 minutes" })
)

/**
 * Waits until a portal is `ACTIVE`. Fails with `ConsentPortalFailed` and the service's reason when the status is
 * `FAILED` or `UPDATE_FAILED`, and with `ConsentPortalTimedOut` when the schedule ends. Default: every 2 seconds, for 5
 * minutes.
 *
 * @since 0.2.0
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
      return status === "ACTIVE"
        ? Effect.succeed(portal)
        : status === "FAILED" || status === "UPDATE_FAILED"
        ? new ConsentPortalFailed({ name, status, reason: statusReason ?? undefined })
        : new ConsentPortalTimedOut({ name, status })
    }
  ).pipe(Effect.retry({ schedule, while: (error) => error._tag === "ConsentPortalTimedOut" }))

/** Users report that AWS returns the URL both with and without its scheme. */
const resolve = ({ portalUrl }: Pick<ConsentPortalSummary, "portalUrl">, path: string): Option.Option<string> =>
  Option.map(
    Option.fromNullishOr(portalUrl),
    (url) => `${/^https?:\/\//.test(url) ? "" : "https://"}${url.replace(/\/+$/, "")}${path}`
  )

/**
 * Returns the redirect URI to register at the identity provider. `None` until the portal is `ACTIVE`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const callbackUrl = (portal: Pick<ConsentPortalSummary, "portalUrl">): Option.Option<string> =>
  resolve(portal, "/callback")

/**
 * Returns the `defaultReturnUrl` for the targets of the gateway. `None` until the portal is `ACTIVE`.
 *
 * @since 0.2.0
 * @category accessors
 */
export const connectReturnUrl = (portal: Pick<ConsentPortalSummary, "portalUrl">): Option.Option<string> =>
  resolve(portal, "/connect/callback")
