/** Compares a setup with the control plane, and applies the differences. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import { isString } from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ControlPlane } from "../../ControlPlane.js"
import { noParameters } from "../credentialProvider/constructors.js"
import type { Definition } from "../credentialProvider/definitions.js"
import * as CredentialProvider from "../credentialProvider/providerOperations.js"
import * as View from "../credentialProvider/view.js"
import * as Validation from "../plane/validation.js"
import { ApplyError, type Change, IdentitySetup, Kind } from "./setupModels.js"

type Tags = { readonly [key: string]: string }

type Ensured = Effect.Success<ReturnType<typeof CredentialProvider.ensure>>

type Compared = "Missing" | View.Difference

interface Resource {
  readonly kind: Change["kind"]
  readonly name: string
  readonly tags: Tags
  /** The values of a creation, without tags. */
  readonly values: Change["values"]
  readonly compare: Effect.Effect<Compared, unknown, ControlPlane>
  /** Creates the resource, or updates all but its tags. */
  readonly apply: (found: Compared, rotateSecrets: boolean) => Effect.Effect<Ensured, unknown, ControlPlane>
}

const returnUrls = "allowedResourceOauth2ReturnUrls"

const makeWorkloadIdentity = (
  request: NonNullable<IdentitySetup["workloadIdentities"]>[number] & { readonly tags: Tags }
): Resource => {
  const { [returnUrls]: after = [], name, tags } = request
  return {
    kind: "workloadIdentities",
    name,
    tags,
    values: after.length === 0 ? [] : [{ member: returnUrls, after }],
    compare: ControlPlane.use((plane) => plane.getWorkloadIdentity({ name })).pipe(
      Effect.map(({ [returnUrls]: urls, workloadIdentityArn: arn }): View.Difference => {
        const before = urls ?? []
        const isSame = Equal.equals(new Set(before), new Set(after))
        const values = isSame ? [] : [{ member: returnUrls, before, after }]
        return { arn, changes: values.map(({ member }) => member), notComparable: [], values }
      }),
      Effect.catchTag("ResourceNotFoundException", () => Effect.succeed("Missing" as const))
    ),
    apply: (found) =>
      ControlPlane.use((plane): Effect.Effect<Ensured, unknown> =>
        found === "Missing"
          ? Effect.as(plane.createWorkloadIdentity(request), { outcome: "Created", changes: [], notComparable: [] })
          : found.changes.length === 0
          ? Effect.succeed({ ...found, outcome: "Unchanged" })
          : Effect.as(plane.updateWorkloadIdentity({ name, [returnUrls]: after }), { ...found, outcome: "Updated" })
      )
  }
}

const definitionKinds = {
  oauth2CredentialProviders: "oauth2",
  apiKeyCredentialProviders: "apiKey",
  paymentCredentialProviders: "payment"
} as const

const makeResources = (setup: IdentitySetup): ReadonlyArray<Resource> => {
  const addTags = <A extends { readonly tags?: Tags | undefined }>(request: A) => ({
    ...request,
    tags: { ...setup.tags, ...request.tags }
  })
  return [
    ...(setup.workloadIdentities ?? []).map((request) => makeWorkloadIdentity(addTags(request))),
    ...Record.toEntries(definitionKinds).flatMap(([member, kind]) =>
      (setup[member] ?? []).map((untagged): Resource => {
        const request = addTags(untagged)
        const { name, tags } = request
        // The table relates the kind to the request, which the types do not show.
        const definition = { kind, name, request, authorizationParameters: noParameters } as Definition
        return {
          kind: member,
          name,
          tags,
          values: Array.from(View.fromDefinition(definition).members, ([member, after]) => ({ member, after })),
          compare: CredentialProvider.compare(definition),
          apply: (found, rotateSecrets) => CredentialProvider.apply(definition, found, rotateSecrets)
        }
      })
    )
  ]
}

const makeCreation = ({ kind, name, tags, values }: Resource): Change => ({
  kind,
  name,
  action: "create",
  changes: [],
  notComparable: [],
  values: [...values, ...Object.entries(tags).map(([key, after]) => ({ member: `tags.${key}`, after }))]
})

const makeUpdate = (
  { kind, name }: Resource,
  found: Pick<Change, "changes" | "notComparable" | "values">,
  tags: Change["values"]
): Change => {
  const changes = [...found.changes, ...tags.map(({ member }) => member)]
  const action = changes.length === 0 ? "unchanged" : "update"
  return { kind, name, action, changes, notComparable: found.notComparable, values: [...found.values, ...tags] }
}

const compareTags = (resourceArn: string, tags: Tags) =>
  Object.keys(tags).length === 0 ? Effect.succeed([]) : ControlPlane.use((plane) =>
    Effect.map(
      plane.listTagsForResource({ resourceArn }),
      ({ tags: current = {} }) =>
        Object.entries(tags).flatMap(([key, after]): Change["values"] =>
          current[key] === after
            ? []
            : [{ member: `tags.${key}`, ...Object.hasOwn(current, key) && { before: current[key] }, after }]
        )
    )
  )

const planResource = Effect.fnUntraced(function*(resource: Resource) {
  const found = yield* resource.compare
  if (found === "Missing") return { found, tags: [], change: makeCreation(resource) }
  const tags = yield* compareTags(found.arn, resource.tags)
  return { found, tags, change: makeUpdate(resource, found, tags) }
})

const applyResource = Effect.fnUntraced(function*(resource: Resource, rotateSecrets: boolean) {
  const { found, tags } = yield* planResource(resource)
  const applied = yield* resource.apply(found, rotateSecrets)
  if (found === "Missing") return makeCreation(resource)
  if (tags.length > 0) {
    yield* ControlPlane.use((plane) => plane.tagResource({ resourceArn: found.arn, tags: resource.tags }))
  }
  return makeUpdate(resource, { ...applied, values: found.values }, tags)
})

const toApplyError = ({ kind, name }: Resource) => (cause: unknown): ApplyError => new ApplyError({ kind, name, cause })

const isKind = Schema.is(Kind)

const findViolations = Validation.findViolations(IdentitySetup)

/** Fails if a resource is invalid. Dies if another part of the setup is invalid: `parse` makes no such setup. */
const check = (setup: IdentitySetup) =>
  Effect.suspend(() => {
    const violations = findViolations(setup)
    if (violations.length === 0) return Effect.succeed(makeResources(setup))
    const invalid = Validation.validationException(violations, "IdentitySetup")
    const [kind, index] = violations[0]?.path ?? []
    const name = Validation.valueAt(setup, [kind ?? "", index ?? "", "name"])
    return isKind(kind) && isString(name)
      ? Effect.fail(new ApplyError({ kind, name, cause: invalid }))
      : Effect.die(invalid)
  })

export const plan = (setup: IdentitySetup) =>
  Effect.flatMap(
    check(setup),
    (resources) =>
      Effect.forEach(resources, (resource) =>
        Effect.mapBoth(planResource(resource), {
          onFailure: toApplyError(resource),
          onSuccess: ({ change }) => change
        }))
  )

export const apply = (setup: IdentitySetup, rotateSecrets: boolean) =>
  Stream.mapEffect(
    Stream.fromIterableEffect(check(setup)),
    (resource) => Effect.mapError(applyResource(resource, rotateSecrets), toApplyError(resource))
  )
