/** SQL clients for programs that have none. Their drivers are loaded on first use. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"
import { codeOf } from "../../internal/messages.js"
import { PendingConsentsError } from "../ConsentStore.js"

const failWith = (reason: PendingConsentsError["reason"], message: string) =>
  new PendingConsentsError({ reason, message })

/** Messages omit the errors of drivers, because they can quote the URL. */
const cannotConnect = (database: string, cause: unknown) =>
  failWith("Schema", `The store of consents cannot connect to ${database}: ${codeOf(cause)}`)

/** PostgreSQL. The URL is a URI of libpq. The first statement connects. */
export const layerPostgres = (url: Redacted.Redacted): Layer.Layer<SqlClient, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    if (!/^postgres(ql)?:$/.test(URL.parse(Redacted.value(url))?.protocol ?? "")) {
      return yield* failWith(
        "InvalidUrl",
        "The URL of PostgreSQL has to look like postgresql://user:password@host:5432/database, with a percent-encoded password"
      )
    }
    const client = yield* Effect.mapError(
      loadPackage("@effect/sql-pg", "layer", async () => {
        try {
          return await import("@effect/sql-pg/PgClient")
        } catch (cause) {
          return await Promise.reject<never>(cause)
        }
      }),
      ({ code }) =>
        failWith(
          "MissingPackage",
          `The store of consents needs the package @effect/sql-pg, which cannot be loaded (${code}): ${
            installCommand("@effect/sql-pg")
          }`
        )
    )
    return yield* Effect.mapError(Layer.build(client.layer({ url })), (error) => cannotConnect("PostgreSQL", error))
  }))

/** SQLite, in a file of this machine. */
export const layerSqlite = (filename: string): Layer.Layer<SqlClient, PendingConsentsError> =>
  Layer.effectContext(Effect.gen(function*() {
    const client = yield* Effect.promise(() => import("./nodeSqlite.js"))
    return yield* Effect.catchDefect(
      Layer.build(client.layer(filename)),
      (cause) => cannotConnect(`the file '${filename}'`, cause)
    )
  }))
