/** The stores of pending consents, as options. Each is loaded on first use. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ManagedRuntime from "effect/ManagedRuntime"
import { isObject } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as AwsDataPlane from "../../aws/AwsDataPlane.js"
import * as CredentialCache from "../../CredentialCache.js"
import type { DataPlane } from "../../DataPlane.js"
import { invalid } from "../../http/connect/links.js"
import * as Signals from "../../internal/pendingConsents/signals.js"
import { ConsentSignals } from "../../internal/pendingConsents/store.js"
import { PendingConsents } from "../../PendingConsents.js"
import type * as ConsentStore from "../../persistence/ConsentStore.js"
import type { Inputs } from "./promised.js"
import { toRedacted } from "./workload.js"

/** The services of `Connect` and `ForwardAuth`, as options. */
export interface ServiceOptions {
  /**
   * Stores the sessions of `ForwardAuth`, and the consents that wait for the browser: a user can return in another
   * browser, and a wait in another process ends at once. All processes need the same `key`, which encrypts the values.
   * Do not keep it in the store. Default: in memory. A wait in another process then ends within seconds to minutes.
   */
  readonly pendingConsents?:
    | {
      /** Redis 4 or later. It needs the package `ioredis`. */
      readonly redis: Inputs<ConsentStore.RedisOptions>
      /** A program has one store. */
      readonly sql?: never
    }
    | {
      /** PostgreSQL, which needs the package `@effect/sql-pg`, or a file of SQLite, which needs none. */
      readonly sql:
        | Inputs<ConsentStore.SqlOptions> & {
          /** PostgreSQL, as in `postgresql://user:password@host:5432/database`. */
          readonly url: string | Redacted.Redacted
          /** A program has one database. */
          readonly filename?: never
        }
        | Inputs<ConsentStore.SqlOptions> & {
          /** The file of SQLite, for the processes of one machine. Waits in other processes poll. */
          readonly filename: string
          /** A program has one database. */
          readonly url?: never
        }
      /** A program has one store. */
      readonly redis?: never
    }
    | undefined
  /**
   * The services of a program with Effect. It may also have a store of `PendingConsents`, and a `CredentialCache`,
   * whose token is dropped when the user disconnects. Default: `AwsDataPlane.layer()`, which reads the environment, and
   * a `CredentialCache` that keeps an access token for up to a minute. With `Consent.ReturnState` in the runtime, as
   * `false`, the sessions have no state.
   */
  readonly runtime?:
    | ManagedRuntime.ManagedRuntime<DataPlane, unknown>
    | Context.Context<DataPlane>
    | undefined
}

type StoreOptions = NonNullable<ServiceOptions["pendingConsents"]>

const toKeys = <Keys extends Inputs<Pick<ConsentStore.SqlOptions, "key" | "previousKeys">>>(
  { key, previousKeys, ...options }: Keys
) => ({
  ...options,
  key: toRedacted(key),
  previousKeys: previousKeys?.map(toRedacted)
})

const loadRedis = async ({ url, ...options }: NonNullable<StoreOptions["redis"]>) =>
  (await import("../../persistence/ConsentStore.js")).layerRedis({
    ...toKeys(options),
    url: url === undefined ? undefined : toRedacted(url)
  })

const loadSql = async ({ filename, url, ...options }: NonNullable<StoreOptions["sql"]>) => {
  const clients = await import("../../persistence/internal/sqlClients.js")
  const { layerSql } = await import("../../persistence/ConsentStore.js")
  return Layer.provide(
    layerSql(toKeys(options)),
    filename === undefined ? clients.layerPostgres(toRedacted(url)) : clients.layerSqlite(filename)
  )
}

/** The stores of the program's runtime. It may have none, or no signals. */
const inContext = Layer.effectContext(Effect.gen(function*() {
  const memory = yield* Layer.build(Signals.layerMemory)
  const own = yield* Effect.context<never>()
  return Context.merge(memory, Context.pick(PendingConsents, ConsentSignals)(own))
}))

/** Without options, the stores of the runtime, or else signals in memory. */
export const layer = (options: StoreOptions | undefined): Layer.Layer<ConsentSignals, unknown> =>
  options === undefined
    ? inContext
    : Layer.unwrap(
      isObject(options?.redis)
        ? Effect.promise(() => loadRedis(options.redis))
        : isObject(options?.sql)
        ? Effect.promise(() => loadSql(options.sql))
        : Effect.fail(invalid("pendingConsents", "have the property redis or sql"))
    )

/** The services of the program, or else `planes` with a cache, and the stores. */
export const layerServices = (
  options: ServiceOptions,
  planes: Layer.Layer<DataPlane, unknown> = AwsDataPlane.layer()
) => {
  const { runtime } = options
  const services: Layer.Layer<DataPlane, unknown> = runtime === undefined
    // Another process in which a user disconnects cannot drop the token here.
    ? Layer.provideMerge(CredentialCache.layer({ timeToLive: "1 minute" }), planes)
    : "contextEffect" in runtime
    ? Layer.effectContext(runtime.contextEffect)
    : Layer.succeedContext(runtime)
  return Layer.provideMerge(layer(options.pendingConsents), services)
}
