/** Workload identities. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as ControlPlane from "../../../ControlPlane.js"
import * as Constraint from "../../../internal/models/constraint.js"
import * as Arn from "../arn.js"
import { type Invalid, invalid, mapStoreError, type Operations, raise } from "../failures.js"
import * as Table from "./table.js"

const Stored = Schema.Struct({ ...Table.resourceFields, allowedResourceOauth2ReturnUrls: Schema.Array(Schema.String) })

export type Workload = typeof Stored.Type

/** AWS documentation. `CreateWorkloadIdentity` has no exception for a quota. */
const limit = 11_000

/** The live service rejects six, and the service model has no limit. The message is a guess. */
const maxReturnUrls = 5

const withReturnUrls = <A>(resource: A, allowedResourceOauth2ReturnUrls: ReadonlyArray<string> = []) =>
  allowedResourceOauth2ReturnUrls.length > maxReturnUrls
    ? invalid(`Member must ${Constraint.atMost(maxReturnUrls)}`, "allowedResourceOauth2ReturnUrls")
    : Effect.succeed({ ...resource, allowedResourceOauth2ReturnUrls })

export const makeWorkloads = Effect.fnUntraced(function*(dependencies: Table.Dependencies) {
  const { account, dropWorkload, settings, store } = dependencies
  const workloads = yield* Table.make<Workload, Invalid>({
    collection: store.collection("workload-identities", Stored),
    resourceType: "WorkloadIdentity",
    arn: ({ name }) => Arn.workloadIdentity(account, name),
    exists: (name) => invalid(`WorkloadIdentity with name '${name}' already exists.`),
    quota: { limit, exceeded: () => invalid(`An account cannot have more than ${limit} workload identities`) }
  })

  /**
   * AgentCore Runtime and Gateway create workload identities for themselves. A caller gets no token for them (AWS
   * developer guide, get-workload-access-token). A caller cannot delete them (seen live by `ekristen/aws-nuke`,
   * resource `BedrockAgentCoreWorkloadIdentity`). Updates are allowed: the official samples set return URLs.
   */
  const checkUnlinked = (name: string, action: string) =>
    Effect.flatMap(settings, ({ serviceLinked = [] }) =>
      serviceLinked.includes(name)
        ? invalid(`WorkloadIdentity is linked to a service and cannot ${action} by the caller`)
        : Effect.void)

  /**
   * Finds the workload of a request for a workload access token. The error for an unknown workload is the one of the
   * live service (agentcore-samples, 08-okta-xaa-delegation-chain). It does not name the workload, so the log does.
   */
  const findCaller = (name: string) =>
    workloads.findUsed(name, "workload identity").pipe(
      Effect.catchTag(
        "ResourceNotFoundException",
        () => raise("AccessDeniedException", "Workload Identity does not belong to caller account")
      ),
      Effect.tap(() => checkUnlinked(name, "retrieve an access token"))
    )

  const toSummary = ({ name }: Workload) => ({ name, workloadIdentityArn: Arn.workloadIdentity(account, name) })

  const toCreateResponse = (workload: Workload) => ({
    ...toSummary(workload),
    allowedResourceOauth2ReturnUrls: workload.allowedResourceOauth2ReturnUrls
  })

  const toResponse = (workload: Workload) => ({ ...toCreateResponse(workload), ...Table.timesOf(workload) })

  const operations = {
    createWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls: urls, ...request }) =>
      Effect.map(workloads.create(request, (resource) => withReturnUrls(resource, urls)), toCreateResponse),

    getWorkloadIdentity: ({ name }) => Effect.map(workloads.find(name), toResponse),

    updateWorkloadIdentity: ({ allowedResourceOauth2ReturnUrls: urls, name }) =>
      Effect.map(workloads.update(name, (before) => withReturnUrls(before, urls)), toResponse),

    deleteWorkloadIdentity: ({ name }) =>
      workloads.remove(
        name,
        () => Effect.andThen(checkUnlinked(name, "be deleted"), mapStoreError(dropWorkload(name)))
      ),

    listWorkloadIdentities: (request) =>
      Effect.map(workloads.page(request), ({ items, next }) => ({ workloadIdentities: items.map(toSummary), ...next }))
  } satisfies Partial<Operations<typeof ControlPlane.operations>>

  return { workloads, findCaller, operations }
})
