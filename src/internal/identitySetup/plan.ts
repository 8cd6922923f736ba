/**
 * How a setup differs from what is there, and the steps that bring it there.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ControlPlane } from "../../ControlPlane.js"
import * as CredentialProvider from "../../CredentialProvider.js"
import type { Change, IdentitySetup, Kind } from "../../IdentitySetup.js"

type Tags = { readonly [key: string]: string }

/** What is to be done about one resource. Its own effect does it, and is done twice without harm. */
interface Resource {
  readonly kind: Kind
  readonly name: string
  readonly plan: Effect.Effect<Change, unknown, ControlPlane>
  readonly apply: (change: Change, rotateSecrets: boolean) => Effect.Effect<Change, unknown, ControlPlane>
}

/**
 * A resource that could not be read or set up.
 *
 * @internal
 */
export interface Failure {
  readonly kind: Kind
  readonly name: string
  readonly cause: unknown
}

const tagChanges = (resourceArn: string, tags: Tags) =>
  Object.keys(tags).length === 0 ? Effect.succeed([]) : Effect.flatMap(
    ControlPlane,
    (plane) =>
      Effect.map(
        plane.listTagsForResource({ resourceArn }),
        ({ tags: found = {} }) => Object.keys(tags).flatMap((key) => found[key] === tags[key] ? [] : [`tags.${key}`])
      )
  )

const setTags = (change: Change, resourceArn: string, tags: Tags) =>
  change.changes.some((path) => path.startsWith("tags."))
    ? Effect.flatMap(ControlPlane, (plane) => plane.tagResource({ resourceArn, tags }))
    : Effect.void

const changed = (
  kind: Kind,
  name: string,
  changes: ReadonlyArray<string>,
  notComparable: ReadonlyArray<string>
): Change => ({
  kind,
  name,
  action: changes.length === 0 ? "unchanged" : "update",
  changes,
  notComparable
})

const creation = (kind: Kind, name: string): Change => ({
  kind,
  name,
  action: "create",
  changes: [],
  notComparable: []
})

const sameTexts = (a: ReadonlyArray<string> = [], b: ReadonlyArray<string> = []): boolean =>
  a.length === b.length && a.every((text) => b.includes(text))

const workloadIdentity = (
  request: NonNullable<IdentitySetup["workloadIdentities"]>[number],
  tags: Tags
): Resource => {
  const kind = "workloadIdentities"
  const { name } = request
  const found = Effect.flatMap(ControlPlane, (plane) => plane.getWorkloadIdentity({ name }))
  return {
    kind,
    name,
    plan: found.pipe(
      Effect.flatMap((identity) =>
        Effect.map(tagChanges(identity.workloadIdentityArn, tags), (changedTags) => {
          const same = sameTexts(identity.allowedResourceOauth2ReturnUrls, request.allowedResourceOauth2ReturnUrls)
          return changed(kind, name, [...(same ? [] : ["allowedResourceOauth2ReturnUrls"]), ...changedTags], [])
        })
      ),
      Effect.catchTag("ResourceNotFoundException", () => Effect.succeed(creation(kind, name)))
    ),
    apply: (change) =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        if (change.action === "create") {
          yield* plane.createWorkloadIdentity({ ...request, tags })
        } else if (change.action === "update") {
          if (change.changes.includes("allowedResourceOauth2ReturnUrls")) {
            yield* plane.updateWorkloadIdentity({
              name,
              allowedResourceOauth2ReturnUrls: request.allowedResourceOauth2ReturnUrls ?? []
            })
          }
          yield* setTags(change, (yield* found).workloadIdentityArn, tags)
        }
        return change
      })
  }
}

const provider = (kind: Kind, definition: CredentialProvider.Definition, tags: Tags): Resource => {
  const { name } = definition
  const arn = Effect.map(CredentialProvider.get(definition), ({ credentialProviderArn }) => credentialProviderArn)
  return {
    kind,
    name,
    plan: Effect.gen(function*() {
      const difference = yield* CredentialProvider.compare(definition)
      return difference === "Missing" ? creation(kind, name) : changed(
        kind,
        name,
        [...difference.changes, ...yield* tagChanges(yield* arn, tags)],
        difference.notComparable
      )
    }),
    apply: (change, rotateSecrets) =>
      Effect.gen(function*() {
        const { changes, notComparable, outcome } = yield* CredentialProvider.ensure(definition, { rotateSecrets })
        if (outcome === "Created") {
          return creation(kind, name)
        }
        const tagPaths = change.changes.filter((path) => path.startsWith("tags."))
        if (tagPaths.length > 0) {
          yield* setTags(change, yield* arn, tags)
        }
        return changed(kind, name, [...changes, ...tagPaths], notComparable)
      })
  }
}

const resources = (setup: IdentitySetup): ReadonlyArray<Resource> => {
  const all = (tags: Tags | undefined): Tags => ({ ...setup.tags, ...tags })
  const tagged = <A extends { readonly tags?: Tags | undefined }>(request: A): A => ({
    ...request,
    tags: all(request.tags)
  })
  const ask: CredentialProvider.Ask = { scopes: [], customParameters: {} }
  return [
    ...(setup.workloadIdentities ?? []).map((request) => workloadIdentity(request, all(request.tags))),
    ...(setup.oauth2CredentialProviders ?? []).map((request) =>
      provider(
        "oauth2CredentialProviders",
        { kind: "oauth2", name: request.name, request: tagged(request), ask },
        all(request.tags)
      )
    ),
    ...(setup.apiKeyCredentialProviders ?? []).map((request) =>
      provider(
        "apiKeyCredentialProviders",
        { kind: "apiKey", name: request.name, request: tagged(request) },
        all(request.tags)
      )
    ),
    ...(setup.paymentCredentialProviders ?? []).map((request) =>
      provider(
        "paymentCredentialProviders",
        { kind: "payment", name: request.name, request: tagged(request) },
        all(request.tags)
      )
    )
  ]
}

const failing = ({ kind, name }: Resource) => (cause: unknown): Failure => ({ kind, name, cause })

/** @internal */
export const plan = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Change>, Failure, ControlPlane> =>
  Effect.forEach(resources(setup), (resource) => Effect.mapError(resource.plan, failing(resource)))

/** @internal */
export const apply = (setup: IdentitySetup, rotateSecrets: boolean): Stream.Stream<Change, Failure, ControlPlane> =>
  Stream.mapEffect(Stream.fromIterable(resources(setup)), (resource) =>
    Effect.mapError(
      Effect.flatMap(resource.plan, (change) => resource.apply(change, rotateSecrets)),
      failing(resource)
    ))

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
