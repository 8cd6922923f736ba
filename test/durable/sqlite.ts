/** A single process over SQLite: the engine and the store of consents, each in a file of a folder. */
import * as ClusterWorkflowEngine from "@effect/cluster/ClusterWorkflowEngine"
import * as SingleRunner from "@effect/cluster/SingleRunner"
import { LibsqlClient } from "@effect/sql-libsql"
import * as SqlPendingConsents from "effect-agentcore-identity/persistence/SqlPendingConsents"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"

export const client = (folder: string, name: string) =>
  LibsqlClient.layer({ url: `file:${join(folder, name)}`, intMode: "bigint" })

/** Without an address, no process waits for the lock of one that was killed. */
export const engine = (folder: string) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({
      runnerStorage: "memory",
      shardingConfig: { entityMessagePollInterval: "200 millis" }
    })),
    Layer.provideMerge(client(folder, "engine.db")),
    Layer.orDie
  )

export const store = (folder: string, key: string) =>
  SqlPendingConsents.layer({ key: Redacted.make(key) }).pipe(
    Layer.provide(client(folder, "consents.db")),
    Layer.orDie
  )
