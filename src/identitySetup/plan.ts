/** Compares a setup with the control plane, and applies the differences. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { isObject, isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ControlPlane } from "../ControlPlane.js"
import { noParameters } from "../credentialProvider/constructors.js"
import type { Definition } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/operations.js"
import * as View from "../credentialProvider/view.js"
import * as Printable from "../internal/printable.js"
import * as Validation from "../plane/validation.js"
import { ApplyError, type Change, type ChangedValue, IdentitySetup, Kind } from "./setup.js"

type Tags = { readonly [key: string]: string }

/** One resource of a setup. `apply` takes the planned change, and is safe to repeat. */
interface Resource {
  readonly kind: Kind
  readonly name: string
  readonly plan: Effect.Effect<Change, unknown, ControlPlane>
  readonly apply: (planned: Change, rotateSecrets: boolean) => Effect.Effect<Change, unknown, ControlPlane>
}

const makeCreation = (kind: Kind, name: string, values: Change["values"]): Change => ({
  kind,
  name,
  action: "create",
  changes: [],
  notComparable: [],
  values
})

const makeUpdate = (
  kind: Kind,
  name: string,
  changes: Change["changes"],
  values: Change["values"],
  notComparable: Change["notComparable"] = []
): Change => ({ kind, name, action: changes.length === 0 ? "unchanged" : "update", changes, notComparable, values })

const tagPrefix = "tags."

const isTagPath = (path: string): boolean => path.startsWith(tagPrefix)

const listTags = (tags: Tags): ReadonlyArray<ChangedValue> =>
  Object.entries(tags).map(([key, after]) => ({ member: `${tagPrefix}${key}`, after }))

const compareTags = (resourceArn: string, tags: Tags) =>
  Object.keys(tags).length === 0 ? Effect.succeed([]) : ControlPlane.use((plane) =>
    Effect.map(
      plane.listTagsForResource({ resourceArn }),
      ({ tags: current = {} }) =>
        Object.entries(tags).flatMap(([key, after]): ReadonlyArray<ChangedValue> =>
          current[key] === after
            ? []
            : [{ member: `${tagPrefix}${key}`, ...Object.hasOwn(current, key) && { before: current[key] }, after }]
        )
    )
  )

const setTags = <E>(planned: Change, arn: Effect.Effect<string, E, ControlPlane>, tags: Tags) =>
  !planned.changes.some(isTagPath)
    ? Effect.void
    : Effect.flatMap(arn, (resourceArn) => ControlPlane.use((plane) => plane.tagResource({ resourceArn, tags })))

const returnUrls = "allowedResourceOauth2ReturnUrls"

const makeWorkloadIdentity = (
  request: NonNullable<IdentitySetup["workloadIdentities"]>[number] & { readonly tags: Tags }
): Resource => {
  const kind = "workloadIdentities"
  const { allowedResourceOauth2ReturnUrls = [], name, tags } = request
  const get = ControlPlane.use((plane) => plane.getWorkloadIdentity({ name }))
  return {
    kind,
    name,
    plan: get.pipe(
      Effect.flatMap((identity) =>
        Effect.map(compareTags(identity.workloadIdentityArn, tags), (changedTags) => {
          const before = identity.allowedResourceOauth2ReturnUrls ?? []
          const values = Equal.equals(new Set(before), new Set(allowedResourceOauth2ReturnUrls))
            ? changedTags
            : [{ member: returnUrls, before, after: allowedResourceOauth2ReturnUrls }, ...changedTags]
          return makeUpdate(kind, name, values.map(({ member }) => member), values)
        })
      ),
      Effect.catchTag(
        "ResourceNotFoundException",
        () =>
          Effect.succeed(makeCreation(kind, name, [
            ...(allowedResourceOauth2ReturnUrls.length === 0
              ? []
              : [{ member: returnUrls, after: allowedResourceOauth2ReturnUrls }]),
            ...listTags(tags)
          ]))
      )
    ),
    apply: (planned) =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        if (planned.action === "create") {
          yield* plane.createWorkloadIdentity(request)
          return planned
        }
        if (planned.changes.includes(returnUrls)) {
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
  const creation = makeCreation(kind, name, [...View.listValues(View.fromDefinition(definition)), ...listTags(tags)])
  return {
    kind,
    name,
    plan: Effect.gen(function*() {
      const difference = yield* CredentialProvider.compareValues(definition)
      if (difference === "Missing") return creation
      const changedTags = yield* compareTags(yield* arn, tags)
      const changes = [...difference.changes, ...changedTags.map(({ member }) => member)]
      return makeUpdate(kind, name, changes, [...difference.values, ...changedTags], difference.notComparable)
    }),
    apply: (planned, rotateSecrets) =>
      Effect.gen(function*() {
        const { changes, notComparable, outcome } = yield* CredentialProvider.ensure(definition, { rotateSecrets })
        if (outcome === "Created") return creation
        yield* setTags(planned, arn, tags)
        const all = [...changes, ...planned.changes.filter(isTagPath)]
        return makeUpdate(kind, name, all, planned.values, notComparable)
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

const isKind = Schema.is(Kind)

const refuse = Validation.refuse(() => IdentitySetup, { name: "IdentitySetup" })

/**
 * Fails for an invalid resource. A setup that is invalid elsewhere is a defect: a setup that was parsed has no such
 * member.
 */
const check = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Resource>, ApplyError> =>
  Effect.suspend(() => {
    const refused = refuse(setup)
    if (refused === undefined) return Effect.succeed(makeResources(setup))
    const [kind, index] = (refused.fieldList?.[0]?.name ?? "").split(".")
    const resource = isKind(kind) ? setup[kind]?.[Number(index)] : undefined
    return isKind(kind) && isObject(resource) && isString(resource.name)
      ? Effect.fail(new ApplyError({ kind, name: resource.name, cause: refused }))
      : Effect.die(refused)
  })

export const plan = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.flatMap(
    check(setup),
    (resources) => Effect.forEach(resources, (resource) => Effect.mapError(resource.plan, toApplyError(resource)))
  )

export const apply = (setup: IdentitySetup, rotateSecrets: boolean): Stream.Stream<Change, ApplyError, ControlPlane> =>
  Stream.mapEffect(Stream.fromIterableEffect(check(setup)), (resource) =>
    Effect.mapError(
      Effect.flatMap(resource.plan, (planned) => resource.apply(planned, rotateSecrets)),
      toApplyError(resource)
    ))

const signs = { create: "+", update: "~", unchanged: " " } as const

const toText = (value: unknown): string => JSON.stringify(value) ?? ""

const toLines = ({ action, changes, notComparable, values }: Change): ReadonlyArray<string> => [
  ...values.map(({ after, before, member }) =>
    action === "create"
      ? `${member}: ${toText(after)}`
      : `${member}: ${before === undefined ? "not set" : toText(before)} -> ${toText(after)}`
  ),
  // Only secrets, and references to them, have no values.
  ...changes.flatMap((name) => values.some(({ member }) => member === name) ? [] : [`${name}: changed`]),
  ...notComparable.map((name) => `${name}: cannot be compared`)
]

const summarize = ({ changes, notComparable }: Change): string =>
  [...changes, ...(notComparable.length === 0 ? [] : [`(not comparable: ${notComparable.join(", ")})`])].join(", ")

export const table = (changes: ReadonlyArray<Change>, withValues: boolean): string => {
  const rows = changes.map((change) => [
    signs[change.action],
    change.kind,
    Printable.escape(change.name),
    change.action,
    ...(withValues ? [] : [Printable.escape(summarize(change))])
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.flatMap((row, index) => {
    const change = changes[index]
    return [
      row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd(),
      ...(withValues && change !== undefined ? toLines(change).map((line) => `     ${Printable.escape(line)}`) : [])
    ]
  }).join("\n")
}
