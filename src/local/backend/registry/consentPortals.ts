/**
 * Consent portals without a gateway. Creation, change and deletion take the time of `consentPortalDelay`. The URL of a
 * portal is one of AWS, because programs make redirect URIs of it. The local server has a page about the portal at
 * `/consent-portals/<id>`.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomInt } from "node:crypto"
import {
  type ConflictException,
  type InternalServerException,
  ResourceNotFoundException,
  type ValidationException
} from "../../../IdentityError.js"
import type { LocalSettings } from "../../../identitySetup/localSettings.js"
import * as Model from "../../../models/ConsentPortal.js"
import { vendors } from "../../../models/Oauth2CredentialProvider.js"
import * as Arn from "../arn.js"
import { FailedChange } from "../callContext.js"
import { conflict, invalid } from "../failures.js"
import type { Oauth2Providers } from "./oauth2Providers.js"
import * as Table from "./table.js"

// Not of the request: earlier versions stored gateways and roles that a request no longer has.
const { description, executionRoleArn, idpConfig, sources } = Model.ConsentPortalResponse.fields

const Stored = Schema.Struct({
  ...Table.resourceFields,
  description,
  executionRoleArn,
  idpConfig,
  sources,
  id: Schema.String,
  /** The last change. It is done at `doneAt`, in milliseconds since the epoch. */
  change: Schema.Literals(["CREATING", "UPDATING", "DELETING"]),
  doneAt: Schema.Number,
  /** Why the change fails at `doneAt`. Absent if it does not. */
  failure: Schema.optional(Schema.String)
})

type Stored = typeof Stored.Type

const characters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** The pattern of the API reference: the name, a hyphen, and ten letters and digits. */
const makeId = (name: string): string =>
  `${name}-${Array.from({ length: 10 }, () => characters[randomInt(characters.length)]).join("")}`

/** The service model has one status for a creation and a deletion that failed. */
const getStatus = ({ change, doneAt, failure }: Stored, now: number) =>
  now < doneAt ? change : failure === undefined ? "ACTIVE" : change === "UPDATING" ? "UPDATE_FAILED" : "FAILED"

/** A gateway is known by its id or its ARN, which ends in the id. */
const gatewayOf = ({ sources }: Pick<Stored, "sources">): string => sources[0]?.identifier.split("/").at(-1) ?? ""

/** The form of the live service (AWS Machine Learning Blog, 2026-09-14). */
const defaultUrl = "https://{gateway}.consent-portal.bedrock-agentcore.{region}.amazonaws.com"

const makeUrl = (
  form: string,
  values: { readonly gateway: string; readonly portal: string; readonly region: string }
) => form.replaceAll(/\{(gateway|portal|region)\}/g, (_, name: keyof typeof values) => values[name])

/**
 * A portal signs users in with a provider that issues JWTs. AWS documents that GitHub, Slack, Salesforce, Atlassian and
 * LinkedIn do not. The backend rejects every vendor whose access tokens are not known to be JWTs. `CustomOauth2` is for
 * any authorization server.
 */
const signInVendors: ReadonlyArray<string> = Object.entries(vendors).flatMap(([vendor, { needsEndpoints }]) =>
  needsEndpoints || vendor === "CustomOauth2" || vendor === "MicrosoftOauth2" ? [vendor] : []
)

export const makePortals = Effect.fnUntraced(function*(
  { account, consentPortalDelay, settings, store }: Table.Dependencies,
  providers: Oauth2Providers
) {
  const portals = yield* Table.make<Stored, ConflictException>({
    collection: store.collection("consent-portals", Stored),
    resourceType: "ConsentPortal",
    arn: ({ id }) => Arn.consentPortal(account, id),
    exists: (name) => conflict(`ConsentPortal with name '${name}' already exists`),
    isAlive: ({ change, doneAt, failure }, now) => change !== "DELETING" || now < doneAt || failure !== undefined
  })

  const toSummary = (portal: Stored, now: number, { consentPortalUrl = defaultUrl }: LocalSettings) => {
    const status = getStatus(portal, now)
    const { region } = account
    return {
      consentPortalId: portal.id,
      consentPortalArn: Arn.consentPortal(account, portal.id),
      name: portal.name,
      ...(portal.description === undefined ? {} : { description: portal.description }),
      sources: portal.sources,
      status,
      portalUrl: portal.change === "CREATING" && status !== "ACTIVE"
        ? null
        : makeUrl(consentPortalUrl, { gateway: gatewayOf(portal), portal: portal.id, region }),
      createdAt: portal.createdTime,
      updatedAt: portal.lastUpdatedTime
    }
  }

  const toResponse = (portal: Stored) =>
    Effect.zipWith(Clock.currentTimeMillis, settings, (now, settings) => ({
      ...toSummary(portal, now, settings),
      executionRoleArn: portal.executionRoleArn,
      idpConfig: portal.idpConfig,
      ...(portal.failure === undefined || now < portal.doneAt ? {} : { statusReason: portal.failure })
    }))

  const find = (identifier: string): Effect.Effect<Stored, ResourceNotFoundException | InternalServerException> =>
    Effect.flatMap(portals.all, (all) => {
      const found = all.find(({ id }) => id === identifier || Arn.consentPortal(account, id) === identifier)
      return found === undefined
        ? new ResourceNotFoundException({ message: `ConsentPortal '${identifier}' not found` })
        : Effect.succeed(found)
    })

  const checkIdp = ({ credentialProviderArn, scopes }: Stored["idpConfig"]) =>
    Effect.flatMap(providers.all, (all) => {
      const provider = all.find(({ name }) => Arn.provider(account, "oauth2", name) === credentialProviderArn)
      return provider === undefined
        ? invalid("Member must be the ARN of an OAuth2 credential provider", "idpConfig.credentialProviderArn")
        : !signInVendors.includes(provider.request.credentialProviderVendor)
        ? invalid(
          `Member must be the ARN of an OAuth2 credential provider that issues JWTs: of a vendor of [${
            signInVendors.join(", ")
          }]`,
          "idpConfig.credentialProviderArn"
        )
        : !scopes.includes("openid")
        ? invalid("Member must have the scope openid", "idpConfig.scopes")
        : Effect.void
    })

  const checkGateway = (gateway: string): Effect.Effect<void, ConflictException | InternalServerException> =>
    Effect.flatMap(portals.all, (all) => {
      const portal = all.find((portal) => gatewayOf(portal) === gateway)
      return portal === undefined
        ? Effect.void
        : conflict(`The gateway '${gateway}' has a ConsentPortal already, with name '${portal.name}'`)
    })

  // The live service assumes the role at once. The message is that of AgentCore Runtime for a role that it cannot
  // assume.
  const checkRole = (arn: string): Effect.Effect<void, ValidationException> =>
    Effect.flatMap(
      settings,
      ({ assumableRoles }) =>
        (assumableRoles === undefined ? arn.split(":")[4] === account.accountId : assumableRoles.includes(arn))
          ? Effect.void
          : invalid(
            `Role validation failed for '${arn}'. Please verify that the role exists and its trust policy allows assumption by this service`,
            "executionRoleArn"
          )
    )

  const begin = (identifier: string, change: "UPDATING" | "DELETING", values: Partial<Stored>) =>
    Effect.zipWith(find(identifier), FailedChange, ({ name }, failed) =>
      portals.update(name, (before, now) => {
        const millis = DateTime.toEpochMillis(now)
        const status = getStatus(before, millis)
        const { failure: _, ...portal } = before
        return millis < before.doneAt
          ? conflict(`ConsentPortal '${name}' is in status ${status}: wait until it is ACTIVE`)
          : status === "FAILED" && change === "UPDATING"
          ? conflict(`ConsentPortal '${name}' is in status ${status}: delete it`)
          : Effect.succeed({
            ...portal,
            ...values,
            change,
            doneAt: millis + consentPortalDelay,
            ...(failed === undefined ? {} : { failure: failed.reason })
          })
      })).pipe(Effect.flatten)

  const operations: Table.OperationsOn<"ConsentPortal"> = {
    createConsentPortal: (request) =>
      Effect.andThen(checkRole(request.executionRoleArn), checkIdp(request.idpConfig)).pipe(
        Effect.andThen(FailedChange),
        Effect.flatMap((failed) =>
          portals.create(request, (resource) =>
            Effect.as(checkGateway(gatewayOf(request)), {
              ...request,
              ...resource,
              id: makeId(request.name),
              change: "CREATING" as const,
              doneAt: DateTime.toEpochMillis(resource.createdTime) + consentPortalDelay,
              ...(failed === undefined ? {} : { failure: failed.reason })
            }))
        ),
        Effect.flatMap(toResponse)
      ),

    getConsentPortal: ({ consentPortalIdentifier }) => Effect.flatMap(find(consentPortalIdentifier), toResponse),

    updateConsentPortal: ({ consentPortalIdentifier, ...request }) =>
      Effect.andThen(
        Effect.andThen(
          find(consentPortalIdentifier),
          Effect.andThen(
            request.executionRoleArn === undefined ? Effect.void : checkRole(request.executionRoleArn),
            request.idpConfig === undefined ? Effect.void : checkIdp(request.idpConfig)
          )
        ),
        begin(consentPortalIdentifier, "UPDATING", {
          ...(request.description === undefined ? {} : { description: request.description }),
          ...(request.executionRoleArn === undefined ? {} : { executionRoleArn: request.executionRoleArn }),
          ...(request.idpConfig === undefined ? {} : { idpConfig: request.idpConfig })
        })
      ).pipe(Effect.flatMap(toResponse)),

    deleteConsentPortal: ({ consentPortalIdentifier }) => Effect.asVoid(begin(consentPortalIdentifier, "DELETING", {})),

    listConsentPortals: (request) =>
      Effect.gen(function*() {
        const { items, next } = yield* portals.page(request)
        const now = yield* Clock.currentTimeMillis
        const current = yield* settings
        return { consentPortals: items.map((portal) => toSummary(portal, now, current)), ...next }
      })
  }

  /**
   * AWS documents a conflict for the deletion of an OAuth2 provider, but not its cause. Here the cause is a portal that
   * signs in its users with the provider.
   */
  const checkUnused = (providerArn: string): Effect.Effect<void, ConflictException | InternalServerException> =>
    Effect.flatMap(portals.all, (all) => {
      const portal = all.find(({ idpConfig }) => idpConfig.credentialProviderArn === providerArn)
      return portal === undefined
        ? Effect.void
        : conflict(`The credential provider is used by the ConsentPortal with name '${portal.name}'`)
    })

  return { portals, checkUnused, operations }
})
