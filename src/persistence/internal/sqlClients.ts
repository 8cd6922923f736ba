/** SQL clients for programs that have none. Their drivers are loaded on first use. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import { codeOf } from "../../internal/errorCode.js"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import { PendingConsentsError } from "./consentStore.js"

const failWith = (reason: PendingConsentsError["reason"], message: string) =>
  new PendingConsentsError({ reason, message: `The store of consents ${message}` })

/** PostgreSQL. The URL is a URI of libpq. Messages omit the errors of the driver, because they can quote the URL. */
export const layerPostgres = (url: Redacted.Redacted): Layer.Layer<SqlClient, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    const client = yield* Effect.mapError(
      loadPackage("@effect/sql-pg", "layer", () => import("@effect/sql-pg/PgClient")),
      ({ code }) =>
        failWith(
          "MissingPackage",
          `needs the package @effect/sql-pg, which cannot be loaded (${code}): ${installCommand("@effect/sql-pg")}`
        )
    )
    return yield* Effect.mapError(Layer.build(client.layer({ url })), ({ reason }) =>
      failWith(
        "Connection",
        `cannot connect to PostgreSQL (${reason._tag}): check the URL, as in postgresql://user:password@host:5432/database`
      ))
  }))

/** SQLite, in a file of this machine. */
export const layerSqlite = (filename: string): Layer.Layer<SqlClient, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    const client = yield* Effect.promise(() => import("./nodeSqlite.js"))
    return yield* Effect.catchDefect(
      Layer.build(client.layer(filename)),
      (cause) => failWith("Connection", `cannot open the file '${filename}' of SQLite (${codeOf(cause)})`)
    )
  }))
