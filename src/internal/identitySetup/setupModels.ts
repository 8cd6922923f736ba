/** A setup, its changes and errors. */
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import {
  CreateApiKeyCredentialProviderRequest,
  CreateOauth2CredentialProviderRequest,
  CreatePaymentCredentialProviderRequest,
  CreateWorkloadIdentityRequest
} from "../../Models.js"
import * as Constraint from "../models/constraint.js"
import * as Resource from "../models/resource.js"
import { LocalSection } from "./localSettings.js"

const uniqueByName = <A extends { readonly name: string }, I>(item: Schema.Codec<A, I>) =>
  Schema.Array(item).pipe(
    Schema.check(Schema.makeFilter((items: ReadonlyArray<A>) => {
      const names = new Set<string>()
      return items.flatMap(({ name }, index) => {
        const isNew = !names.has(name)
        names.add(name)
        return isNew ? [] : [{ path: [index, "name"], issue: Constraint.problem("be unique") }]
      })
    }))
  )

/**
 * A setup. Every property is optional. `tags` apply to every resource, in addition to its own tags. `local` configures
 * the local server, which reads it again when the file changes.
 */
export const IdentitySetup = Schema.Struct({
  /** For editors: the package ships the JSON Schema `effect-agentcore-identity/setup.schema.json`. */
  $schema: Constraint.optional(Schema.String),
  /** Tags of every resource. Tags of a resource take precedence. */
  tags: Constraint.optional(Resource.Tags),
  /** The workload identities. */
  workloadIdentities: Constraint.optional(uniqueByName(CreateWorkloadIdentityRequest)),
  /** The OAuth2 credential providers. */
  oauth2CredentialProviders: Constraint.optional(uniqueByName(CreateOauth2CredentialProviderRequest)),
  /** The API-key credential providers. */
  apiKeyCredentialProviders: Constraint.optional(uniqueByName(CreateApiKeyCredentialProviderRequest)),
  /** The payment credential providers. */
  paymentCredentialProviders: Constraint.optional(uniqueByName(CreatePaymentCredentialProviderRequest)),
  /** Settings of the local server. AWS never sees them. */
  local: Constraint.optional(LocalSection)
})

/** A setup. */
export type IdentitySetup = typeof IdentitySetup.Type

/** The kind of a resource: the property of the setup that lists it. */
export const Kind = Schema.Literals([
  "workloadIdentities",
  "oauth2CredentialProviders",
  "apiKeyCredentialProviders",
  "paymentCredentialProviders"
])

/** A planned or applied change of a resource. */
export interface Change {
  /** The kind of the resource. */
  readonly kind: typeof Kind.Type
  /** The name of the resource. */
  readonly name: string
  /** What happens to the resource. */
  readonly action: "create" | "update" | "unchanged"
  /** The names of the members that differ. */
  readonly changes: ReadonlyArray<string>
  /** The names of the members that may differ, because the service does not return them. Secrets are among these. */
  readonly notComparable: ReadonlyArray<string>
  /**
   * The values of the members that differ, or of all members of a creation. Secrets and references to secrets are
   * omitted.
   */
  readonly values: ReadonlyArray<{
    /** The name of the member. */
    readonly member: string
    /** The value at the service. Undefined if the member is new. */
    readonly before?: unknown
    /** The value in the setup. */
    readonly after?: unknown
  }>
}

/**
 * The problems of a setup file. `position` is `line:column`. An empty `path` means the whole file. The error contains
 * no value of the file.
 */
export class SetupParseError extends Schema.TaggedError<SetupParseError>()(
  "SetupParseError",
  {
    file: Schema.String,
    problems: Schema.Array(Schema.Struct({ path: Schema.String, position: Schema.String, reason: Schema.String }))
  }
) {
  override get message(): string {
    return this.problems.map(({ path, position, reason }) =>
      `${this.file}:${position}: ${path === "" ? reason : `${path}: ${reason}`}`
    ).join("\n")
  }
}

/** A resource could not be read or set up. The resources that come before it in the setup are already set up. */
export class ApplyError extends Schema.TaggedError<ApplyError>()(
  "ApplyError",
  {
    kind: Kind,
    name: Schema.String,
    /** An error of the control plane. */
    cause: Schema.Defect()
  }
) {
  override get message(): string {
    const { cause } = this
    const tag = hasProperty(cause, "_tag") && typeof cause._tag === "string" ? `${cause._tag}: ` : ""
    return `${this.kind} '${this.name}' could not be set up: ${tag}${
      cause instanceof Error ? cause.message : "unknown"
    }`
  }
}
