/**
 * The key of a vault file: given, or in a file beside it that only its owner may read.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { hkdfSync, randomBytes } from "node:crypto"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import { codeOf } from "../../internal/errorCode.js"
import * as SecretKey from "../../internal/secretKey.js"
import { type Problem, problem } from "./problem.js"

/** @internal */
export const parse = (text: string, whose: string): Effect.Effect<Uint8Array, Problem> =>
  Effect.mapError(SecretKey.parse(text, whose), (message) => problem("InvalidKey", message))

const attempt = <A>(action: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({ try: action, catch: codeOf })

const read = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Uint8Array | undefined, Problem> {
  const opened = yield* Effect.either(attempt(() => Fs.open(path, "r")))
  if (Either.isLeft(opened)) {
    if (opened.left === "ENOENT") return undefined
    return yield* Effect.fail(problem("InvalidKey", `The key file ${path} cannot be read: ${opened.left}`))
  }
  const file = opened.right
  const { stats, text } = yield* attempt(async () => ({ stats: await file.stat(), text: await file.readFile("utf8") }))
    .pipe(
      Effect.ensuring(Effect.promise(() => file.close())),
      Effect.mapError((code) => problem("InvalidKey", `The key file ${path} cannot be read: ${code}`))
    )
  // Windows has no such bits.
  if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    return yield* Effect.fail(
      problem("InvalidKey", `The key file ${path} is open to others (its mode is ${mode}): chmod 600 it`)
    )
  }
  return yield* parse(text, `The key in ${path}`)
})

/**
 * Whole or not at all, and never over another one: written under another name, then linked.
 */
const create = Effect.fnUntraced(function*(path: string): Effect.fn.Return<void, Problem> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`
  yield* attempt(async () => {
    const file = await Fs.open(temporary, "wx", 0o600)
    try {
      await file.writeFile(`${randomBytes(SecretKey.size).toString("base64url")}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await Fs.link(temporary, path)
    // Without this the name could be lost with the power, and the vault with it. Windows does not open directories.
    if (process.platform !== "win32") {
      const directory = await Fs.open(dirname(path), "r")
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
    }
  }).pipe(
    Effect.ensuring(Effect.ignore(attempt(() => Fs.unlink(temporary)))),
    // Another process was faster, and its key is as good.
    Effect.catchIf((code) => code === "EEXIST", () => Effect.void),
    Effect.mapError((code) => problem("Unusable", `The key file ${path} cannot be written: ${code}`))
  )
})

/**
 * The key in the file. Without one it is made for a new store; nothing opens one that has been written to.
 *
 * @internal
 */
export const load = Effect.fnUntraced(function*(
  path: string,
  storeIsNew: boolean
): Effect.fn.Return<Uint8Array, Problem> {
  const found = yield* read(path)
  if (found !== undefined) return found
  if (!storeIsNew) {
    return yield* Effect.fail(
      problem("WrongKey", `The vault exists, and its key file ${path} does not: bring it back, or give the key`)
    )
  }
  yield* create(path)
  const created = yield* read(path)
  return created ?? (yield* Effect.fail(problem("Unusable", `The key file ${path} is gone right after it was made`)))
})

/** @internal */
export interface Keys {
  readonly values: Uint8Array
  readonly names: Uint8Array
}

/**
 * One key for one purpose (RFC 5869).
 *
 * @internal
 */
export const derive = (key: Redacted.Redacted<Uint8Array>): Keys => {
  const of = (purpose: string) =>
    new Uint8Array(
      hkdfSync("sha256", Redacted.value(key), "", `effect-agentcore-identity vault 1 ${purpose}`, SecretKey.size)
    )
  return { values: of("values"), names: of("names") }
}
