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
import { invalid, resourceFields, stored, type Surroundings } from "./resource.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({ ...resourceFields, allowedResourceOauth2ReturnUrls: Schema.Array(Schema.String) })

/** @internal */
export type Workload = typeof Stored.Type

/** AWS documentation. Its creation has no exception for a quota. */
const limit = 11_000

/** @internal */
export const table = (
  { account, store }: Surroundings
): Effect.Effect<Table.Table<Workload, ValidationException>> =>
  Table.make({
    collection: store.collection("workload-identities", Stored),
    what: "WorkloadIdentity",
    arn: ({ name }) => Arn.workloadIdentity(account, name),
    exists: (operation, name) => invalid(operation, `WorkloadIdentity with name '${name}' already exists.`),
    quota: {
      limit,
      exceeded: (operation) => invalid(operation, `An account cannot have more than ${limit} workload identities`)
    }
  })

/** @internal */
export const operations = (
  { account, dropWorkload }: Surroundings,
  workloads: Table.Table<Workload, ValidationException>
): Pick<
  Operations,
  | "createWorkloadIdentity"
  | "getWorkloadIdentity"
  | "updateWorkloadIdentity"
  | "deleteWorkloadIdentity"
  | "listWorkloadIdentities"
> => {
  const summary = ({ name }: Workload) => ({ name, workloadIdentityArn: Arn.workloadIdentity(account, name) })

  const created = (workload: Workload) => ({
    ...summary(workload),
    allowedResourceOauth2ReturnUrls: workload.allowedResourceOauth2ReturnUrls
  })

  const described = (workload: Workload) => ({
    ...created(workload),
    createdTime: workload.createdTime,
    lastUpdatedTime: workload.lastUpdatedTime
  })

  return {
    createWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls = [], ...request }) =>
      Effect.map(
        workloads.create("CreateWorkloadIdentity", request, (resource) =>
          Effect.succeed({ ...resource, allowedResourceOauth2ReturnUrls })),
        created
      ),

    getWorkloadIdentity: ({ name }) => Effect.map(workloads.find("GetWorkloadIdentity", name), described),

    updateWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls = [], name }) =>
      Effect.map(
        workloads.update("UpdateWorkloadIdentity", name, (before) =>
          Effect.succeed({ ...before, allowedResourceOauth2ReturnUrls })),
        described
      ),

    deleteWorkloadIdentity: ({ name }) => {
      const operation = "DeleteWorkloadIdentity"
      return workloads.remove(operation, name, () => stored(operation, dropWorkload(name)))
    },

    listWorkloadIdentities: (request) =>
      Effect.map(workloads.page("ListWorkloadIdentities", request), ({ items, next }) => ({
        workloadIdentities: items.map(summary),
        ...next
      }))
  }
}
