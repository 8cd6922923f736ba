/**
 * Workload identities.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Operations } from "../../../ControlPlane.js"
import type { ValidationException } from "../../../IdentityError.js"
import * as Arn from "../arn.js"
import { invalid, mapStoreError } from "../failures.js"
import { type Dependencies, resourceFields } from "./resource.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({ ...resourceFields, allowedResourceOauth2ReturnUrls: Schema.Array(Schema.String) })

/** @internal */
export type Workload = typeof Stored.Type

/** AWS documentation. `CreateWorkloadIdentity` has no exception for a quota. */
const limit = 11_000

/** @internal */
export const table = (
  { account, store }: Dependencies
): Effect.Effect<Table.Table<Workload, ValidationException>> =>
  Table.make({
    collection: store.collection("workload-identities", Stored),
    resourceType: "WorkloadIdentity",
    arn: ({ name }) => Arn.workloadIdentity(account, name),
    exists: (name) => invalid(`WorkloadIdentity with name '${name}' already exists.`),
    quota: { limit, exceeded: () => invalid(`An account cannot have more than ${limit} workload identities`) }
  })

/** @internal */
export const operations = (
  { account, dropWorkload }: Dependencies,
  workloads: Table.Table<Workload, ValidationException>
): Pick<
  Operations,
  | "createWorkloadIdentity"
  | "getWorkloadIdentity"
  | "updateWorkloadIdentity"
  | "deleteWorkloadIdentity"
  | "listWorkloadIdentities"
> => {
  const toSummary = ({ name }: Workload) => ({ name, workloadIdentityArn: Arn.workloadIdentity(account, name) })

  const toCreateResponse = (workload: Workload) => ({
    ...toSummary(workload),
    allowedResourceOauth2ReturnUrls: workload.allowedResourceOauth2ReturnUrls
  })

  const toResponse = (workload: Workload) => ({
    ...toCreateResponse(workload),
    createdTime: workload.createdTime,
    lastUpdatedTime: workload.lastUpdatedTime
  })

  return {
    createWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls = [], ...request }) =>
      Effect.map(
        workloads.create(request, (resource) => Effect.succeed({ ...resource, allowedResourceOauth2ReturnUrls })),
        toCreateResponse
      ),

    getWorkloadIdentity: ({ name }) => Effect.map(workloads.find(name), toResponse),

    updateWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls = [], name }) =>
      Effect.map(
        workloads.update(name, (before) => Effect.succeed({ ...before, allowedResourceOauth2ReturnUrls })),
        toResponse
      ),

    deleteWorkloadIdentity: ({ name }) => workloads.remove(name, () => mapStoreError(dropWorkload(name))),

    listWorkloadIdentities: (request) =>
      Effect.map(workloads.page(request), ({ items, next }) => ({
        workloadIdentities: items.map(toSummary),
        ...next
      }))
  }
}
