/** A single process over SQLite: the engine and the store of consents, each in a file of a folder. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as ConsentStore from "effect-agentcore-identity/persistence/ConsentStore"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as SingleRunner from "effect/cluster/SingleRunner"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import * as NodeSqlite from "../../src/persistence/internal/nodeSqlite.js"

export const client = (...path: ReadonlyArray<string>) => NodeSqlite.layer(join(...path))

/** Without an address, no process waits for the lock of a killed process. */
export const engine = (folder: string) =>
  ClusterWorkflowEngine.layer.pipe(
    Layer.provideMerge(SingleRunner.layer({
      runnerStorage: "memory",
      shardingConfig: { entityMessagePollInterval: "200 millis" }
    })),
    Layer.provide(NodeCrypto.layerDigest),
    Layer.provideMerge(client(folder, "engine.db")),
    Layer.orDie
  )

export const store = (folder: string, key: string) =>
  ConsentStore.layerSql({ key: Redacted.make(key) }).pipe(
    Layer.provide(client(folder, "consents.db")),
    Layer.orDie
  )
