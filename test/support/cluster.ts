/** Runners of a cluster over PostgreSQL. They communicate over sockets. */
import * as NodeClusterSocket from "@effect/platform-node/NodeClusterSocket"
import { PgClient } from "@effect/sql-pg"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Server from "./server.js"

export const shards = 30

const fast = {
  shardsPerGroup: shards,
  entityMessagePollInterval: "200 millis",
  entityReplyPollInterval: "50 millis",
  refreshAssignmentsInterval: "200 millis",
  sendRetryInterval: "50 millis",
  entityTerminationTimeout: "1 second"
} as const

const client = (config: PgClient.PgPoolConfig) => Layer.orDie(PgClient.layer(config))

export const runner = (config: PgClient.PgPoolConfig) =>
  // A runner has to know its port before it listens.
  Layer.unwrap(Effect.map(Server.freePort, (port) =>
    ClusterWorkflowEngine.layer.pipe(
      Layer.provideMerge(
        NodeClusterSocket.layer({
          storage: "sql",
          shardingConfig: { ...fast, runnerAddress: Option.some(RunnerAddress.make("127.0.0.1", port)) }
        }).pipe(Layer.orDie)
      ),
      Layer.provideMerge(client(config))
    )))

/** A process that serves the pages and runs no workflows. */
export const clientOnly = (config: PgClient.PgPoolConfig) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(
      NodeClusterSocket.layer({
        clientOnly: true,
        storage: "sql",
        shardingConfig: { ...fast, runnerAddress: Option.none() }
      }).pipe(Layer.orDie)
    ),
    Layer.provideMerge(client(config))
  )
