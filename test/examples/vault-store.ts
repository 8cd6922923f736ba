import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as VaultStore from "effect-agentcore-identity/local/VaultStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { open, readFile, rename } from "node:fs/promises"

// Replaces the file in one step.
const replaceFile = (path: string, text: string) =>
  Effect.tryPromise({
    try: async () => {
      const file = await open(`${path}.new`, "w", 0o600)
      await file.writeFile(text).then(() => file.sync()).finally(() => file.close())
      await rename(`${path}.new`, path)
    },
    catch: () => new VaultStore.VaultStoreError({ message: "the file cannot be written" })
  })

// Stores all collections in one JSON file. Secrets are in clear text: use it for tests only.
export const layerJsonFile = (path: string) =>
  Layer.effect(
    VaultStore.VaultStore,
    Effect.gen(function*() {
      const text = yield* Effect.orElseSucceed(Effect.tryPromise(() => readFile(path, "utf8")), () => "[]")
      const rows = yield* SynchronizedRef.make(new Map<string, string>(JSON.parse(text)))
      const change = (f: (rows: Map<string, string>) => void) =>
        Effect.uninterruptible(SynchronizedRef.updateEffect(rows, (before) => {
          const after = new Map(before)
          f(after)
          return Effect.as(replaceFile(path, JSON.stringify([...after])), after)
        }))
      return {
        collection: <A, I>(name: string, schema: Schema.Codec<A, I>): VaultStore.Collection<A> => {
          const json = Schema.fromJsonString(schema)
          const prefix = `${name}/`
          const decode = (text: string) =>
            Effect.mapError(
              Schema.decodeEffect(json)(text),
              () => new VaultStore.VaultStoreError({ message: `an entry of '${name}' cannot be decoded` })
            )
          const page = ({ after = "", limit }: VaultStore.PageOptions) =>
            Effect.flatMap(SynchronizedRef.get(rows), (all) =>
              Effect.forEach(
                [...all].filter(([key]) => key.startsWith(prefix) && key > prefix + after)
                  .sort(([a], [b]) => a < b ? -1 : 1).slice(0, limit),
                ([key, text]) => Effect.map(decode(text), (value) => [key.slice(prefix.length), value] as const)
              ))
          return {
            get: (key) =>
              Effect.flatMap(SynchronizedRef.get(rows), (all) =>
                Effect.transposeOption(Option.map(Option.fromNullishOr(all.get(prefix + key)), decode))),
            put: (key, value) =>
              Effect.flatMap(Effect.orDie(Schema.encodeEffect(json)(value)), (text) =>
                change((all) =>
                  all.set(prefix + key, text)
                )),
            remove: (key) =>
              change((all) => all.delete(prefix + key)),
            entries: page({ after: undefined, limit: Infinity }),
            page
          }
        }
      }
    })
  )

export const planes = LocalBackend.layerStore().pipe(
  Layer.provide(layerJsonFile("vault.json")),
  Layer.provide(OAuthClient.layerScripted())
)
