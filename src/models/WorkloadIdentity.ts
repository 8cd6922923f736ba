/**
 * Requests and responses of the operations on workload identities. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

/**
 * `allowedResourceOauth2ReturnUrls`: the URLs that users may be redirected to after consent. The flow `USER_FEDERATION`
 * needs one of them.
 *
 * @since 0.2.0
 * @category requests
 * @example
 * import type * as WorkloadIdentity from "effect-agentcore-identity/models/WorkloadIdentity"
 *
 * const request: WorkloadIdentity.CreateWorkloadIdentityRequest = {
 *   name: "my-agent",
 *   allowedResourceOauth2ReturnUrls: ["https://agent.example.com/consent"]
 * }
 */
export class CreateWorkloadIdentityRequest extends Schema.Opaque<CreateWorkloadIdentityRequest>()(Schema.Struct({
  /** The name of the workload identity, 3 to 255 characters. */
  name: Constraint.WorkloadName,
  /** The URLs that users may return to after consent. The live service takes up to five. */
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl)),
  /** Tags of the workload identity. */
  tags: Constraint.optional(Resource.Tags)
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class CreateWorkloadIdentityResponse extends Schema.Opaque<CreateWorkloadIdentityResponse>()(Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Schema.String))
})) {}

/**
 * @since 0.2.0
 * @category requests
 */
export class GetWorkloadIdentityRequest
  extends Schema.Opaque<GetWorkloadIdentityRequest>()(Schema.Struct({ name: Constraint.WorkloadName }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class GetWorkloadIdentityResponse extends Schema.Opaque<GetWorkloadIdentityResponse>()(
  Schema.Struct({ ...CreateWorkloadIdentityResponse.fields, ...Resource.times })
) {}

/**
 * The return URLs replace the previous ones.
 *
 * @since 0.2.0
 * @category requests
 */
export class UpdateWorkloadIdentityRequest extends Schema.Opaque<UpdateWorkloadIdentityRequest>()(Schema.Struct({
  name: Constraint.WorkloadName,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl))
})) {}

/**
 * A page has 1 to 20 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListWorkloadIdentitiesRequest
  extends Schema.Opaque<ListWorkloadIdentitiesRequest>()(Resource.pageRequest(20))
{}

/**
 * @since 0.2.0
 * @category models
 */
export class WorkloadIdentitySummary extends Schema.Opaque<WorkloadIdentitySummary>()(Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String
})) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListWorkloadIdentitiesResponse extends Schema.Opaque<ListWorkloadIdentitiesResponse>()(Schema.Struct({
  workloadIdentities: Schema.Array(WorkloadIdentitySummary),
  ...Resource.page
})) {}
