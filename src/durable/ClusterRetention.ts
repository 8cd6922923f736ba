/**
 * Removes the rows of finished waits from the database of a cluster. The engine of `effect/cluster` keeps all rows of an execution for ever:
 * sixteen of each wait for a consent.
 *
 * @since 0.1.0
 * @example
 * import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
 * import { PgClient } from "@effect/sql-pg"
 * import * as ClusterRetention from "effect-agentcore-identity/durable/ClusterRetention"
 * import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
 * import * as SingleRunner from "effect/cluster/SingleRunner"
 * import * as Config from "effect/Config"
 * import * as Layer from "effect/Layer"
 *
 * const engine = ClusterRetention.layer({ keep: "30 days" }).pipe(
 *   Layer.provideMerge(ClusterWorkflowEngine.layer),
 *   Layer.provideMerge(SingleRunner.layer({ runnerStorage: "sql" })),
 *   Layer.provide(NodeCrypto.layerDigest),
 *   Layer.provideMerge(PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") }))
 * )
 */
import * as Clock from "effect/Clock"
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as EntityType from "effect/cluster/EntityType"
import * as MachineId from "effect/cluster/MachineId"
import { MessageStorage } from "effect/cluster/MessageStorage"
import { Sharding } from "effect/cluster/Sharding"
import * as Singleton from "effect/cluster/Singleton"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { SqlClient } from "effect/sql/SqlClient"
import type { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { withDeadline } from "../internal/deadline.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Guards from "../plane/optionTypes.js"
import * as Validation from "../plane/validation.js"
import { workflow } from "./internal/definition.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How long to keep the rows of a finished execution. Until then an equal request returns its result. After that an equal request is a new
   * execution, which asks AgentCore again. Default: 30 days.
   */
  readonly keep?: Duration.Input | undefined
  /** How often to look. Default: 1 hour. */
  readonly every?: Duration.Input | undefined
  /** The prefix of the tables, as `SqlMessageStorage.layerWith` has it. Default: `cluster`. */
  readonly prefix?: string | undefined
}

const refuseOptions = Validation.refuse(
  () =>
    Schema.Struct({
      keep: Constraint.optional(Guards.DurationInput),
      every: Constraint.optional(Guards.DurationInput),
      prefix: Constraint.optional(Schema.String)
    }),
  { name: "ClusterRetention.layer" }
)

/** A statement that never ends would be the last one. */
const limited = withDeadline({ duration: "1 minute", onTimeout: () => "it took too long" })

const entityType = EntityType.EntityType.make(`Workflow/${workflow._tag}`)

/** The clocks of all workflows are entities of this type, with the id of the execution. */
const clockType = EntityType.EntityType.make("Workflow/-/DurableClock")

/**
 * Removes finished executions of `ObtainConsent`, on one runner of the cluster. An execution that waits stays.
 *
 * It finds them in the tables of `SqlMessageStorage`. A database that fails, or does not respond for a minute, is tried again the next time.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<never, never, MessageStorage | Sharding | SqlClient | WorkflowEngine> =>
  Validation.checkedLayer(
    refuseOptions,
    options,
    ({ every = "1 hour", keep = "30 days", prefix = "cluster" }) => {
      /** Executions whose last answer is older: the ids of answers have a time. */
      const findIdle = Effect.gen(function*() {
        const sql = (yield* SqlClient).withoutTransforms()
        const timestamp = (yield* Clock.currentTimeMillis) - Duration.toMillis(keep)
        const limit = Snowflake.make({ machineId: MachineId.make(0), sequence: 0, timestamp })
        const rows = yield* sql<{ readonly entity_id: string }>`
          SELECT message.entity_id FROM ${sql(`${prefix}_messages`)} message
          INNER JOIN ${sql(`${prefix}_replies`)} reply ON reply.request_id = message.id
          WHERE message.entity_type = ${entityType} AND message.tag = 'run'
            AND reply.id < ${sql.literal(String(limit))}`
        return rows.map(({ entity_id: executionId }) => executionId)
      })

      const remove = (executionId: string) =>
        Effect.gen(function*() {
          const storage = yield* MessageStorage
          const sharding = yield* Sharding
          const entityId = EntityId.make(executionId)
          const shardId = sharding.getShardId(entityId, "default")
          yield* storage.clearAddress(EntityAddress.make({ entityType: clockType, entityId, shardId }))
          yield* storage.clearAddress(EntityAddress.make({ entityType, entityId, shardId }))
        })

      const removeFinished = (executionId: string) =>
        Effect.gen(function*() {
          const result = yield* workflow.poll(executionId)
          if (Option.isSome(result) && result.value._tag === "Complete") yield* remove(executionId)
        })

      const sweep = Effect.gen(function*() {
        for (const executionId of yield* limited(findIdle)) yield* limited(removeFinished(executionId))
      }).pipe(
        // A query that the engine makes fails with a defect. The texts of databases can quote values.
        Effect.catchCause(() => Effect.logWarning("Finished waits for consents were not removed from the database")),
        Effect.withSpan("ClusterRetention.sweep")
      )

      return Singleton.make(
        "effect-agentcore-identity/ClusterRetention",
        Effect.asVoid(Effect.repeat(sweep, Schedule.spaced(every)))
      )
    }
  )
