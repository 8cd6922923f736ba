/**
 * Requests and responses of the operations on workload identities. Limits: the AWS service model.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import { page, pageRequest, times } from "./internal/resource.js"

/**
 * `allowedResourceOauth2ReturnUrls`: the URLs that users may be redirected to after consent. The flow `USER_FEDERATION`
 * needs one of them.
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import type * as WorkloadIdentity from "effect-agentcore-identity/models/WorkloadIdentity"
 *
 * const request: WorkloadIdentity.CreateWorkloadIdentityRequest = {
 *   name: "my-agent",
 *   allowedResourceOauth2ReturnUrls: ["https://agent.example.com/consent"]
 * }
 */
export const CreateWorkloadIdentityRequest = Schema.Struct({
  /** The name of the workload identity, 3 to 255 characters. */
  name: Constraint.WorkloadName,
  /** The URLs that users may return to after consent. */
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl)),
  /** Tags of the workload identity. */
  tags: Constraint.optional(Constraint.Tags)
})

/**
 * @since 0.1.0
 * @category requests
 */
export type CreateWorkloadIdentityRequest = typeof CreateWorkloadIdentityRequest.Type

/**
 * @since 0.1.0
 * @category responses
 */
export const CreateWorkloadIdentityResponse = Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Schema.String))
})

/**
 * @since 0.1.0
 * @category responses
 */
export type CreateWorkloadIdentityResponse = typeof CreateWorkloadIdentityResponse.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const GetWorkloadIdentityRequest = Schema.Struct({ name: Constraint.WorkloadName })

/**
 * @since 0.1.0
 * @category requests
 */
export type GetWorkloadIdentityRequest = typeof GetWorkloadIdentityRequest.Type

/**
 * @since 0.1.0
 * @category responses
 */
export const GetWorkloadIdentityResponse = Schema.Struct({ ...CreateWorkloadIdentityResponse.fields, ...times })

/**
 * @since 0.1.0
 * @category responses
 */
export type GetWorkloadIdentityResponse = typeof GetWorkloadIdentityResponse.Type

/**
 * The return URLs replace the previous ones.
 *
 * @since 0.1.0
 * @category requests
 */
export const UpdateWorkloadIdentityRequest = Schema.Struct({
  name: Constraint.WorkloadName,
  allowedResourceOauth2ReturnUrls: Constraint.optional(Schema.Array(Constraint.ReturnUrl))
})

/**
 * @since 0.1.0
 * @category requests
 */
export type UpdateWorkloadIdentityRequest = typeof UpdateWorkloadIdentityRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const DeleteWorkloadIdentityRequest = Schema.Struct({ name: Constraint.WorkloadName })

/**
 * @since 0.1.0
 * @category requests
 */
export type DeleteWorkloadIdentityRequest = typeof DeleteWorkloadIdentityRequest.Type

/**
 * A page has 1 to 20 items.
 *
 * @since 0.1.0
 * @category requests
 */
export const ListWorkloadIdentitiesRequest = pageRequest(20)

/**
 * @since 0.1.0
 * @category requests
 */
export type ListWorkloadIdentitiesRequest = typeof ListWorkloadIdentitiesRequest.Type

/**
 * @since 0.1.0
 * @category models
 */
export const WorkloadIdentitySummary = Schema.Struct({
  name: Schema.String,
  workloadIdentityArn: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type WorkloadIdentitySummary = typeof WorkloadIdentitySummary.Type

/**
 * @since 0.1.0
 * @category responses
 */
export const ListWorkloadIdentitiesResponse = Schema.Struct({
  workloadIdentities: Schema.Array(WorkloadIdentitySummary),
  ...page
})

/**
 * @since 0.1.0
 * @category responses
 */
export type ListWorkloadIdentitiesResponse = typeof ListWorkloadIdentitiesResponse.Type
