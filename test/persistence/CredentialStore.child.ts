// A program with a store in an unreachable Redis. It does its work, and exits.
import * as CredentialCache from "effect-agentcore-identity/CredentialCache"
import * as CredentialStore from "effect-agentcore-identity/persistence/CredentialStore"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { report } from "../support/report.mjs"

const program = Effect.flatMap(CredentialCache.Store, (store) => Effect.exit(store.get("key"))).pipe(
  Effect.tap((exit) => Effect.sync(() => report({ outcome: exit._tag }))),
  Effect.provide(CredentialStore.layerRedis({
    key: Redacted.make(Buffer.alloc(32, 7).toString("base64url")),
    redis: { port: Number(process.argv[2]) }
  }))
)

await Effect.runPromise(program)
