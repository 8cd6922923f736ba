/** A setup, its changes and errors. `IdentitySetup` exports all of them. */
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ChangedValue } from "../credentialProvider/view.js"
import { CreateApiKeyCredentialProviderRequest } from "../models/ApiKeyCredentialProvider.js"
import * as Constraint from "../models/internal/constraint.js"
import { Tags } from "../models/internal/names.js"
import { CreateOauth2CredentialProviderRequest } from "../models/Oauth2CredentialProvider.js"
import { CreatePaymentCredentialProviderRequest } from "../models/PaymentCredentialProvider.js"
import { CreateWorkloadIdentityRequest } from "../models/WorkloadIdentity.js"
import { LocalSection } from "./localSettings.js"

const uniqueByName = <A extends { readonly name: string }, I>(item: Schema.Codec<A, I>) =>
  Schema.Array(item).pipe(
    Schema.check(Schema.makeFilter((items: ReadonlyArray<A>) => {
      const names = new Set<string>()
      return items.flatMap(({ name }, index) => {
        const isNew = !names.has(name)
        names.add(name)
        return isNew ? [] : [{ path: [index, "name"], issue: Constraint.problem(`${Constraint.prefix} be unique`) }]
      })
    }))
  )

/**
 * A setup. Every member is optional.
 *
 * - `tags`: for every resource, in addition to its own tags
 * - `local`: for the local server only, which reads it again when the file has changed. `secrets` has the values of
 *   `EXTERNAL` references, by secret id and JSON key. `vendorEndpoints` replaces the authorization servers of vendors,
 *   and `vendorIssuers` those that a discovery URL or metadata names. `kmsKeys` replaces KMS with private keys, by ARN.
 *   `discoveryUrls` turns the check of discovery URLs off. `inboundIssuers` lists the issuers of users' JWTs.
 *   `onBehalfOfVendors` lists more vendors that act on behalf of users. `users` gives users of `local
 *   --authorization-server` claims. `serviceLinked` lists workload identities that are refused workload access tokens,
 *   like those of AgentCore Runtime. `workloadAccessTokenLifetime` shortens the lifetime of workload access tokens.
 */
export const IdentitySetup = Schema.Struct({
  /** For editors: the package ships the JSON Schema `effect-agentcore-identity/setup.schema.json`. */
  $schema: Constraint.optional(Schema.String),
  /** Tags of every resource. Tags of a resource take precedence. */
  tags: Constraint.optional(Tags),
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

/** The kind of a resource: its member of the setup. */
export const Kind = Schema.Literals([
  "workloadIdentities",
  "oauth2CredentialProviders",
  "apiKeyCredentialProviders",
  "paymentCredentialProviders"
])

/** The kind of a resource: its member of the setup. */
export type Kind = typeof Kind.Type

export type { ChangedValue }

/**
 * A planned or applied change of a resource. `changes` names the members that differ. `notComparable` names the members
 * that the service does not return, such as secrets. `values` has the values of the members that differ, or of all
 * members of a creation, but for secrets and references to them.
 */
export interface Change {
  /** The kind of the resource. */
  readonly kind: Kind
  /** The name of the resource. */
  readonly name: string
  /** What happens to the resource. */
  readonly action: "create" | "update" | "unchanged"
  /** The members that differ. */
  readonly changes: ReadonlyArray<string>
  /** The members that the service does not return. They may differ. */
  readonly notComparable: ReadonlyArray<string>
  /** The values of the members that differ, or of all members of a creation, but for secrets and references to them. */
  readonly values: ReadonlyArray<ChangedValue>
}

/**
 * The problems of a setup file. `position` is `line:column`. An empty `path` stands for the whole file. It contains no
 * value of the file.
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

/** A resource could not be read or set up. The resources before it are set up. */
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
