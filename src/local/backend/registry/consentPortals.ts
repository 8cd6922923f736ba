/**
 * Consent portals without a gateway. Each change takes the time of `consentPortalDelay`. A portal has a URL of AWS,
 * because programs derive redirect URIs from it. No server responds there.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomInt } from "node:crypto"
import type * as ControlPlane from "../../../ControlPlane.js"
import { canonicalize } from "../../../internal/models/plainData.js"
import { vendors } from "../../../internal/models/vendors.js"
import * as Models from "../../../Models.js"
import * as Arn from "../arn.js"
import { conflict, type Exception, invalid, notFound, type Operations } from "../failures.js"
import type { Oauth2Providers } from "./oauth2Providers.js"
import * as Table from "./table.js"

const { description, executionRoleArn, idpConfig, sources } = Models.ConsentPortalResponse.fields

const Stored = Schema.Struct({
  ...Table.resourceFields,
  description,
  executionRoleArn,
  idpConfig,
  sources,
  id: Schema.String,
  /** The last change. It ends at `doneAt`, in milliseconds since the epoch. */
  change: Schema.Literals(["CREATING", "UPDATING", "DELETING"]),
  doneAt: Schema.Number,
  /** The `clientToken` of the creation, and its request in canonical form. */
  creation: Schema.optional(Schema.Struct({ clientToken: Schema.String, request: Schema.String }))
})

type Stored = typeof Stored.Type

/** Makes an id by the pattern of the API reference: the name, a hyphen, and ten letters and digits. */
const makeId = (name: string): string =>
  `${name}-${Array.from({ length: 10 }, () => randomInt(36).toString(36)).join("")}`

const nameOf = (id: string): string => id.slice(0, -11)

/** A portal may be gone since it was found, and is never active again. */
const getStatus = ({ change, doneAt }: Stored, now: number) => now < doneAt || change === "DELETING" ? change : "ACTIVE"

/** Returns the id of a gateway. A source is the id, or an ARN that ends in the id. */
const gatewayOf = ({ sources }: Pick<Stored, "sources">): string => sources[0]?.identifier.split("/").at(-1) ?? ""

/**
 * The vendors that can sign users in to a portal. They have to issue JWTs. AWS documents that GitHub, Slack,
 * Salesforce, Atlassian and LinkedIn do not. The backend rejects every vendor whose access tokens are not known to be
 * JWTs.
 */
const signInVendors: ReadonlyArray<string> = Object.entries(vendors).flatMap(([vendor, { needsEndpoints }]) =>
  needsEndpoints || vendor === "CustomOauth2" || vendor === "MicrosoftOauth2" ? [vendor] : []
)

const checkIdp = Effect.fnUntraced(function*(
  providers: Oauth2Providers,
  { credentialProviderArn, scopes }: Stored["idpConfig"]
) {
  const provider = yield* providers.findByArn(credentialProviderArn)
  const vendor = provider?.request.credentialProviderVendor
  if (vendor === undefined || !signInVendors.includes(vendor)) {
    const requirement = vendor === undefined ? "" : ` that issues JWTs: of a vendor of [${signInVendors.join(", ")}]`
    return yield* invalid(
      `Member must be the ARN of an OAuth2 credential provider${requirement}`,
      "idpConfig.credentialProviderArn"
    )
  }
  if (!scopes.includes("openid")) return yield* invalid("Member must have the scope openid", "idpConfig.scopes")
})

// The live service assumes the role at creation. The message is the one of AgentCore Runtime for such a role.
const checkRole = Effect.fnUntraced(function*({ account, settings }: Table.Dependencies, arn: string) {
  const { assumableRoles } = yield* settings
  if (assumableRoles === undefined ? arn.split(":")[4] !== account.accountId : !assumableRoles.includes(arn)) {
    return yield* invalid(
      `Role validation failed for '${arn}'. Please verify that the role exists and its trust policy allows assumption by this service`,
      "executionRoleArn"
    )
  }
})

const summarize = (account: Arn.Account, portal: Stored, now: number) => {
  const status = getStatus(portal, now)
  return {
    consentPortalId: portal.id,
    consentPortalArn: Arn.consentPortal(account, portal.id),
    name: portal.name,
    ...(portal.description === undefined ? {} : { description: portal.description }),
    sources: portal.sources,
    status,
    portalUrl: portal.change === "CREATING" && status !== "ACTIVE"
      ? null
      // The form of the live service (AWS Machine Learning Blog, 2026-09-14).
      : `https://${gatewayOf(portal)}.consent-portal.bedrock-agentcore.${account.region}.amazonaws.com`,
    createdAt: portal.createdTime,
    updatedAt: portal.lastUpdatedTime
  }
}

export const makePortals = Effect.fnUntraced(function*(dependencies: Table.Dependencies, providers: Oauth2Providers) {
  const { account, consentPortalDelay, store } = dependencies
  const portals = yield* Table.make<Stored, Exception<"ConflictException">>({
    collection: store.collection("consent-portals", Stored),
    resourceType: "ConsentPortal",
    arn: ({ id }) => Arn.consentPortal(account, id),
    nameOf,
    exists: (name) => conflict(`ConsentPortal with name '${name}' already exists`),
    isAlive: ({ change, doneAt }, now) => change !== "DELETING" || now < doneAt
  })

  const toResponse = (portal: Stored) =>
    Effect.map(Clock.currentTimeMillis, (now) => ({
      ...summarize(account, portal, now),
      executionRoleArn: portal.executionRoleArn,
      idpConfig: portal.idpConfig
    }))

  const find = Effect.fnUntraced(function*(identifier: string) {
    const arn = identifier.startsWith("arn:") ? identifier : Arn.consentPortal(account, identifier)
    const portal = yield* portals.findByArn(arn)
    return portal ?? (yield* notFound(`ConsentPortal '${identifier}' not found`))
  })

  const checkNone = (predicate: (portal: Stored) => boolean, problem: string) =>
    Effect.flatMap(
      portals.findWhere(predicate),
      (portal) => portal === undefined ? Effect.void : conflict(`${problem} with name '${portal.name}'`)
    )

  const startChange = (change: Stored["change"], now: DateTime.Utc) => ({
    change,
    doneAt: DateTime.toEpochMillis(now) + consentPortalDelay
  })

  const update = Effect.fnUntraced(function*(
    identifier: string,
    change: "UPDATING" | "DELETING",
    values: Partial<Stored>
  ) {
    const { name } = yield* find(identifier)
    return yield* portals.update(name, (before, now) => {
      const status = getStatus(before, DateTime.toEpochMillis(now))
      return status === "ACTIVE"
        ? Effect.succeed({ ...before, ...values, ...startChange(change, now) })
        : conflict(`ConsentPortal '${name}' is in status ${status}: wait until it is ACTIVE`)
    })
  })

  const operations = {
    createConsentPortal: Effect.fnUntraced(function*(given) {
      const { clientToken, ...request } = given as typeof given & { readonly clientToken?: string }
      const creation = clientToken === undefined ? undefined : { clientToken, request: canonicalize(request) }
      const repeated = creation && (yield* portals.findWhere((portal) => portal.creation?.clientToken === clientToken))
      if (repeated !== undefined) {
        // The message is a guess.
        return repeated.creation?.request === creation?.request
          ? yield* toResponse(repeated)
          : yield* conflict("The clientToken was used for another request")
      }
      yield* checkRole(dependencies, request.executionRoleArn)
      yield* checkIdp(providers, request.idpConfig)
      const portal = yield* portals.create(request, (resource) =>
        checkNone(
          (portal) => gatewayOf(portal) === gatewayOf(request),
          `The gateway '${gatewayOf(request)}' has a ConsentPortal already,`
        ).pipe(
          Effect.as({
            ...request,
            ...resource,
            creation,
            id: makeId(request.name),
            ...startChange("CREATING", resource.createdTime)
          })
        ))
      return yield* toResponse(portal)
    }),

    getConsentPortal: ({ consentPortalIdentifier }) => Effect.flatMap(find(consentPortalIdentifier), toResponse),

    updateConsentPortal: Effect.fnUntraced(function*(request) {
      const { consentPortalIdentifier, description, executionRoleArn, idpConfig } = request
      yield* find(consentPortalIdentifier)
      if (executionRoleArn !== undefined) yield* checkRole(dependencies, executionRoleArn)
      if (idpConfig !== undefined) yield* checkIdp(providers, idpConfig)
      const portal = yield* update(consentPortalIdentifier, "UPDATING", {
        ...(description === undefined ? {} : { description }),
        ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
        ...(idpConfig === undefined ? {} : { idpConfig })
      })
      return yield* toResponse(portal)
    }),

    deleteConsentPortal: ({ consentPortalIdentifier }) =>
      Effect.asVoid(update(consentPortalIdentifier, "DELETING", {})),

    listConsentPortals: Effect.fnUntraced(function*(request) {
      const { items, next } = yield* portals.page(request)
      const now = yield* Clock.currentTimeMillis
      return { consentPortals: items.map((portal) => summarize(account, portal, now)), ...next }
    })
  } satisfies Partial<Operations<typeof ControlPlane.operations>>

  /** AWS documents a conflict for the deletion of an OAuth2 provider without its cause. Here a portal is the cause. */
  const checkUnused = (providerArn: string) =>
    checkNone(
      ({ idpConfig }) => idpConfig.credentialProviderArn === providerArn,
      "The credential provider is used by the ConsentPortal"
    )

  return { portals, checkUnused, operations }
})
