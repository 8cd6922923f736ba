/**
 * Consent portals, as far as they can be without a gateway behind them: created, changed and deleted in the time that the
 * settings say, and nothing answers at their URL.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { randomInt } from "node:crypto"
import type { Operations } from "../../../ControlPlane.js"
import {
  type ConflictException,
  type InternalServerException,
  ResourceNotFoundException,
  type ValidationException
} from "../../../IdentityError.js"
import * as Model from "../../../models/ConsentPortal.js"
import * as Arn from "../arn.js"
import type { Oauth2Providers } from "./oauth2Providers.js"
import { conflict, invalid, resourceFields, type Surroundings } from "./resource.js"
import * as Table from "./table.js"

const { description, executionRoleArn, idpConfig, sources } = Model.CreateConsentPortalRequest.fields

const Stored = Schema.Struct({
  ...resourceFields,
  description,
  executionRoleArn,
  idpConfig,
  sources,
  id: Schema.String,
  /** What was begun last, and when it is done. Milliseconds since the epoch. */
  change: Schema.Literal("CREATING", "UPDATING", "DELETING"),
  doneAt: Schema.Number
})

type Stored = typeof Stored.Type

/** @internal */
export type ConsentPortals = Table.Table<Stored, ConflictException>

/** @internal */
export const table = ({ account, store }: Surroundings): Effect.Effect<ConsentPortals> =>
  Table.make({
    collection: store.collection("consent-portals", Stored),
    what: "ConsentPortal",
    arn: ({ id }) => Arn.consentPortal(account, id),
    exists: (operation, name) => conflict(operation, `ConsentPortal with name '${name}' already exists`),
    isAlive: ({ change, doneAt }, now) => change !== "DELETING" || now < doneAt
  })

const characters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** The form of the API reference: the name, and ten letters and digits. */
const newId = (name: string): string =>
  `${name}-${Array.from({ length: 10 }, () => characters[randomInt(characters.length)]).join("")}`

const statusAt = ({ change, doneAt }: Stored, now: number): string => now < doneAt ? change : "ACTIVE"

/** @internal */
export const operations = (
  { account, consentPortalDelay, publicUrl }: Surroundings,
  portals: ConsentPortals,
  providers: Oauth2Providers
): Pick<
  Operations,
  | "createConsentPortal"
  | "getConsentPortal"
  | "updateConsentPortal"
  | "deleteConsentPortal"
  | "listConsentPortals"
> => {
  const summary = (portal: Stored, now: number) => {
    const status = statusAt(portal, now)
    return {
      consentPortalId: portal.id,
      consentPortalArn: Arn.consentPortal(account, portal.id),
      name: portal.name,
      ...(portal.description === undefined ? {} : { description: portal.description }),
      sources: portal.sources,
      status,
      portalUrl: status === "CREATING" ? null : `${publicUrl}/consent-portals/${portal.id}`,
      createdAt: portal.createdTime,
      updatedAt: portal.lastUpdatedTime
    }
  }

  const described = (portal: Stored) =>
    Effect.map(Clock.currentTimeMillis, (now) => ({
      ...summary(portal, now),
      executionRoleArn: portal.executionRoleArn,
      idpConfig: portal.idpConfig
    }))

  const find = (
    operation: string,
    identifier: string
  ): Effect.Effect<Stored, ResourceNotFoundException | InternalServerException> =>
    Effect.flatMap(portals.all(operation), (all) => {
      const found = all.find(({ id }) => id === identifier || Arn.consentPortal(account, id) === identifier)
      return found === undefined
        ? new ResourceNotFoundException({ operation, message: `ConsentPortal '${identifier}' not found` })
        : Effect.succeed(found)
    })

  const checkIdp = (
    operation: string,
    credentialProviderArn: string
  ): Effect.Effect<void, ValidationException | InternalServerException> =>
    Effect.flatMap(providers.tags(operation, credentialProviderArn), (found) =>
      Option.isSome(found)
        ? Effect.void
        : invalid(
          operation,
          "Member must be the ARN of an OAuth2 credential provider",
          "idpConfig.credentialProviderArn"
        ))

  const begin = (operation: string, identifier: string, change: "UPDATING" | "DELETING", values: Partial<Stored>) =>
    Effect.flatMap(find(operation, identifier), ({ name }) =>
      portals.update(operation, name, (before, now) => {
        const millis = DateTime.toEpochMillis(now)
        const status = statusAt(before, millis)
        return status === "ACTIVE"
          ? Effect.succeed({ ...before, ...values, change, doneAt: millis + consentPortalDelay })
          : conflict(operation, `ConsentPortal '${name}' is in status ${status}: wait until it is ACTIVE`)
      }))

  return {
    createConsentPortal: (request) => {
      const operation = "CreateConsentPortal"
      return Effect.zipRight(
        checkIdp(operation, request.idpConfig.credentialProviderArn),
        portals.create(operation, request, (resource) =>
          Effect.succeed({
            ...request,
            ...resource,
            id: newId(request.name),
            change: "CREATING" as const,
            doneAt: DateTime.toEpochMillis(resource.createdTime) + consentPortalDelay
          }))
      ).pipe(Effect.flatMap(described))
    },

    getConsentPortal: ({ consentPortalIdentifier }) =>
      Effect.flatMap(find("GetConsentPortal", consentPortalIdentifier), described),

    updateConsentPortal: ({ consentPortalIdentifier, ...request }) => {
      const operation = "UpdateConsentPortal"
      return Effect.zipRight(
        Effect.flatMap(find(operation, consentPortalIdentifier), () =>
          request.idpConfig === undefined
            ? Effect.void
            : checkIdp(operation, request.idpConfig.credentialProviderArn)),
        begin(operation, consentPortalIdentifier, "UPDATING", {
          ...(request.description === undefined ? {} : { description: request.description }),
          ...(request.executionRoleArn === undefined ? {} : { executionRoleArn: request.executionRoleArn }),
          ...(request.idpConfig === undefined ? {} : { idpConfig: request.idpConfig })
        })
      ).pipe(Effect.flatMap(described))
    },

    deleteConsentPortal: ({ consentPortalIdentifier }) =>
      Effect.asVoid(begin("DeleteConsentPortal", consentPortalIdentifier, "DELETING", {})),

    listConsentPortals: (request) =>
      Effect.zipWith(
        portals.page("ListConsentPortals", request),
        Clock.currentTimeMillis,
        ({ items, next }, now) => ({ consentPortals: items.map((portal) => summary(portal, now)), ...next })
      )
  }
}

/**
 * AWS gives the deletion of an OAuth2 provider a conflict, and does not say which: here it is a portal that signs its users in
 * by the provider.
 *
 * @internal
 */
export const unused =
  (portals: ConsentPortals) =>
  (operation: string, arn: string): Effect.Effect<void, ConflictException | InternalServerException> =>
    Effect.flatMap(portals.all(operation), (all) => {
      const portal = all.find(({ idpConfig }) => idpConfig.credentialProviderArn === arn)
      return portal === undefined
        ? Effect.void
        : conflict(operation, `The credential provider is used by the ConsentPortal with name '${portal.name}'`)
    })
