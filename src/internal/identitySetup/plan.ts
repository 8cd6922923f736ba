/**
 * Compares a setup with the control plane, and applies the differences.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ControlPlane } from "../../ControlPlane.js"
import { noParameters } from "../credentialProvider/definitions.js"
import type { Definition } from "../credentialProvider/model.js"
import * as CredentialProvider from "../credentialProvider/operations.js"
import { ApplyError, type Change, type IdentitySetup, type Kind } from "./model.js"

type Tags = { readonly [key: string]: string }

/** One resource of a setup. `apply` takes the planned change, and is safe to repeat. */
interface Resource {
  readonly kind: Kind
  readonly name: string
  readonly plan: Effect.Effect<Change, unknown, ControlPlane>
  readonly apply: (planned: Change, rotateSecrets: boolean) => Effect.Effect<Change, unknown, ControlPlane>
}

// -----------------------------------------------------------------------------
// Changes
// -----------------------------------------------------------------------------

const makeCreation = (kind: Kind, name: string): Change => ({
  kind,
  name,
  action: "create",
  changes: [],
  notComparable: []
})

const makeUpdate = (
  kind: Kind,
  name: string,
  changes: ReadonlyArray<string>,
  notComparable: ReadonlyArray<string> = []
): Change => ({ kind, name, action: changes.length === 0 ? "unchanged" : "update", changes, notComparable })

const isTagPath = (path: string): boolean => path.startsWith("tags.")

const compareTags = (resourceArn: string, tags: Tags) =>
  Object.keys(tags).length === 0 ? Effect.succeed([]) : Effect.flatMap(
    ControlPlane,
    (plane) =>
      Effect.map(
        plane.listTagsForResource({ resourceArn }),
        ({ tags: current = {} }) =>
          Object.keys(tags).flatMap((key) => current[key] === tags[key] ? [] : [`tags.${key}`])
      )
  )

const setTags = <E>(planned: Change, arn: Effect.Effect<string, E, ControlPlane>, tags: Tags) =>
  Effect.gen(function*() {
    if (planned.changes.some(isTagPath)) {
      const plane = yield* ControlPlane
      yield* plane.tagResource({ resourceArn: yield* arn, tags })
    }
  })

// -----------------------------------------------------------------------------
// Resources
// -----------------------------------------------------------------------------

const isSameSet = (a: ReadonlyArray<string> = [], b: ReadonlyArray<string> = []): boolean =>
  a.length === b.length && a.every((text) => b.includes(text))

const makeWorkloadIdentity = (
  request: NonNullable<IdentitySetup["workloadIdentities"]>[number] & { readonly tags: Tags }
): Resource => {
  const kind = "workloadIdentities"
  const { allowedResourceOauth2ReturnUrls = [], name, tags } = request
  const get = Effect.flatMap(ControlPlane, (plane) => plane.getWorkloadIdentity({ name }))
  return {
    kind,
    name,
    plan: get.pipe(
      Effect.flatMap((identity) =>
        Effect.map(compareTags(identity.workloadIdentityArn, tags), (changedTags) => {
          const isSame = isSameSet(identity.allowedResourceOauth2ReturnUrls, allowedResourceOauth2ReturnUrls)
          return makeUpdate(kind, name, [...(isSame ? [] : ["allowedResourceOauth2ReturnUrls"]), ...changedTags])
        })
      ),
      Effect.catchTag("ResourceNotFoundException", () => Effect.succeed(makeCreation(kind, name)))
    ),
    apply: (planned) =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        if (planned.action === "create") {
          yield* plane.createWorkloadIdentity(request)
          return planned
        }
        if (planned.changes.includes("allowedResourceOauth2ReturnUrls")) {
          yield* plane.updateWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls })
        }
        yield* setTags(planned, Effect.map(get, ({ workloadIdentityArn }) => workloadIdentityArn), tags)
        return planned
      })
  }
}

const makeProvider = (kind: Kind, definition: Definition): Resource => {
  const { name, request: { tags = {} } } = definition
  const arn = Effect.map(CredentialProvider.get(definition), ({ credentialProviderArn }) => credentialProviderArn)
  return {
    kind,
    name,
    plan: Effect.gen(function*() {
      const difference = yield* CredentialProvider.compare(definition)
      if (difference === "Missing") return makeCreation(kind, name)
      const changedTags = yield* compareTags(yield* arn, tags)
      return makeUpdate(kind, name, [...difference.changes, ...changedTags], difference.notComparable)
    }),
    apply: (planned, rotateSecrets) =>
      Effect.gen(function*() {
        const { changes, notComparable, outcome } = yield* CredentialProvider.ensure(definition, { rotateSecrets })
        if (outcome === "Created") return makeCreation(kind, name)
        yield* setTags(planned, arn, tags)
        return makeUpdate(kind, name, [...changes, ...planned.changes.filter(isTagPath)], notComparable)
      })
  }
}

const makeResources = (setup: IdentitySetup): ReadonlyArray<Resource> => {
  const addTags = <A extends { readonly tags?: Tags | undefined }>(request: A) => ({
    ...request,
    tags: { ...setup.tags, ...request.tags }
  })
  return [
    ...(setup.workloadIdentities ?? []).map((request) => makeWorkloadIdentity(addTags(request))),
    ...(setup.oauth2CredentialProviders ?? []).map((request) =>
      makeProvider("oauth2CredentialProviders", {
        kind: "oauth2",
        name: request.name,
        request: addTags(request),
        authorizationParameters: noParameters
      })
    ),
    ...(setup.apiKeyCredentialProviders ?? []).map((request) =>
      makeProvider("apiKeyCredentialProviders", { kind: "apiKey", name: request.name, request: addTags(request) })
    ),
    ...(setup.paymentCredentialProviders ?? []).map((request) =>
      makeProvider("paymentCredentialProviders", { kind: "payment", name: request.name, request: addTags(request) })
    )
  ]
}

const toApplyError = ({ kind, name }: Resource) => (cause: unknown): ApplyError => new ApplyError({ kind, name, cause })

/** @internal */
export const plan = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.forEach(makeResources(setup), (resource) => Effect.mapError(resource.plan, toApplyError(resource)))

/** @internal */
export const apply = (setup: IdentitySetup, rotateSecrets: boolean): Stream.Stream<Change, ApplyError, ControlPlane> =>
  Stream.mapEffect(Stream.fromIterable(makeResources(setup)), (resource) =>
    Effect.mapError(
      Effect.flatMap(resource.plan, (planned) => resource.apply(planned, rotateSecrets)),
      toApplyError(resource)
    ))

// -----------------------------------------------------------------------------
// Table
// -----------------------------------------------------------------------------

const signs = { create: "+", update: "~", unchanged: " " } as const

/** @internal */
export const table = (changes: ReadonlyArray<Change>): string => {
  const rows = changes.map(({ action, changes, kind, name, notComparable }) => [
    signs[action],
    kind,
    name,
    action,
    [
      ...changes,
      ...(notComparable.length === 0 ? [] : [`(not comparable: ${notComparable.join(", ")})`])
    ].join(", ")
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()).join("\n")
}
