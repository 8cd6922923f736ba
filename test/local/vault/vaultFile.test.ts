import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import * as Folder from "../../support/folder.js"
import { VaultFile, VaultFileError, VaultStore } from "../../support/localBackend.js"
import { same, variables } from "../../support/utils.js"

const Secret = Schema.Struct({ token: Schema.RedactedFromValue(Schema.String), count: Schema.Number })

const secret = (token: string, count = 1): typeof Secret.Type => ({ token: Redacted.make(token), count })

const path = Effect.map(Folder.temporary, (directory) => join(directory, "agentcore.vault"))

const key = (fill: number) => Redacted.make(Buffer.alloc(32, fill).toString("base64url"))

const iteration = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Opens the vault, uses the collection `things`, and closes it. */
const use = <A, E>(
  options: VaultFile.Options,
  f: (things: VaultStore.Collection<typeof Secret.Type>) => Effect.Effect<A, E>
) => Effect.scoped(Effect.flatMap(VaultFile.make(options), (store) => f(store.collection("things", Secret))))

const fill = (options: VaultFile.Options, count = 200) =>
  use(options, (things) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => index),
      (index) => things.put(`user-${index}`, secret(`sentinel-${index}`, index)),
      { concurrency: "unbounded", discard: true }
    ))

const failure = (options: VaultFile.Options) =>
  Effect.flip(Effect.flatMap(use(options, (things) => things.entries), () => Effect.die(new Error("it was opened"))))
    .pipe(
      Effect.map((error) => {
        assert.instanceOf(error, VaultFileError)
        return error
      })
    )

/** Asserts that the vault is rejected for this reason, and that no byte of it changes. */
const rejected = (options: VaultFile.Options, reason: VaultFileError["reason"]) =>
  Effect.gen(function*() {
    const before = Fs.readFileSync(options.path)
    const error = yield* failure(options)
    assert.strictEqual(error.reason, reason, error.message)
    assert.include(error.message, options.path)
    assert.isTrue(before.equals(Fs.readFileSync(options.path)))
    return error
  })

/** A vault of format 1 with one entry of `things`. Its key is 32 bytes with the value 7. */
const formatOne = [
  "effect-agentcore-identity vault 1 2vZnoPSMv9AvgEQvJsRxjg y_lyce-uHwsoTbgA1tSciFSUq164pK-L31mRFB4",
  "2Zwx7T3GId6vev4d9E5xBWt4k93LzPJ_zz-BASVOuQnNauDiPaxuIagr3AHb4xCBa2z4pDXVlkOMv1ywFw-9b_DxWhkgjYSxwjDknSw_qU5Tlk2_",
  "iYCX18I_mWto80bVDTkA3oqOUVhVNNpWZEGAFfahHpIunIfWAOz21AJG21AOQrCDDtql8xr5_7_RaB8GtP5AkAZjvNygM98rH1HPgrEQVHc3NpU9yg",
  "u5W2g_mUgGVAlX_y-abssBHgZe7axOy09I_jSx8VFzUwbjBa88Q5GIHPI9cNTIWadg",
  ""
].join("\n")

/** The lines of a vault file. The first one is the header. */
const linesOf = (path: string): ReadonlyArray<string> => Fs.readFileSync(path, "utf8").split("\n").slice(0, -1)

const writeLines = (path: string, lines: ReadonlyArray<string>): void =>
  Fs.writeFileSync(path, lines.map((line) => `${line}\n`).join(""))

describe("VaultFile", () => {
  it.live("returns values in the order of keys, until they are removed", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* use(options, (things) =>
        Effect.gen(function*() {
          assert.isTrue(Option.isNone(yield* things.get("b")))
          yield* things.put("b", secret("two"))
          yield* things.put("a", secret("one"))
          yield* things.put("c", secret("three"))
          yield* things.put("b", secret("two again", 2))
          yield* things.remove("c")
          yield* things.remove("never there")
        }))
      yield* use(options, (things) =>
        Effect.gen(function*() {
          same(yield* things.entries, [["a", secret("one")], ["b", secret("two again", 2)]])
          same(Option.getOrUndefined(yield* things.get("b")), secret("two again", 2))
          assert.isTrue(Option.isNone(yield* things.get("c")))
        }))
    }))

  it.live("separates collections, and returns the last of many writes to one key", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* Effect.scoped(Effect.gen(function*() {
        const store = yield* VaultFile.make(options)
        const writes = Array.from({ length: 100 }, (_, index) => index)
        yield* Effect.forEach(
          writes,
          (index) => store.collection("one", Schema.Number).put("key", index),
          { concurrency: "unbounded" }
        )
        yield* store.collection("two", Schema.String).put("key", "sentinel")
        assert.deepStrictEqual(yield* store.collection("one", Schema.Number).get("key"), Option.some(99))
        // Writes of the same time are written to the disk together.
        assert.isBelow(linesOf(options.path).length, 10)
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        const store = yield* VaultFile.make(options)
        assert.deepStrictEqual(yield* store.collection("one", Schema.Number).entries, [["key", 99]])
        assert.deepStrictEqual(yield* store.collection("two", Schema.String).entries, [["key", "sentinel"]])
        // The error of a schema that does not match has no value.
        const error = yield* Effect.flip(store.collection("two", Schema.Number).get("key"))
        assert.strictEqual(error._tag, "VaultStoreError")
        assert.notInclude(error.message, "sentinel")
      }))
    }))

  it.live("opens a vault of format 1", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      Fs.writeFileSync(options.path, formatOne)
      same(yield* use(options, (things) => things.entries), [["user-1", secret("an old token", 3)]])
    }))

  it.live("contains no value and no key in clear text, and is not readable by others", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* fill(options)
      const string = Fs.readFileSync(options.path, "latin1")
      assert.notInclude(string, "things")
      assert.notInclude(string, "sentinel")
      assert.notInclude(string, "user-")
      for (const file of [options.path, `${options.path}.key`]) {
        assert.strictEqual(Fs.statSync(file).mode & 0o777, 0o600, file)
      }
      assert.deepStrictEqual(Fs.readdirSync(join(options.path, "..")).sort(), [
        "agentcore.vault",
        "agentcore.vault.key"
      ])
    }))

  it.live("reads the key from AGENTCORE_LOCAL_VAULT_KEY, and creates no key file then", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      const count = (env?: Record<string, string>) =>
        Effect.flatMap(VaultStore.VaultStore, (store) => store.collection("things", Secret).entries).pipe(
          Effect.map((entries) => entries.length),
          Effect.provide(VaultFile.layerConfig(options)),
          Effect.provide(variables(env))
        )
      yield* fill({ ...options, key: key(1) })
      assert.isFalse(Fs.existsSync(`${options.path}.key`))
      // As `openssl rand -base64 32` prints it.
      const environment = { AGENTCORE_LOCAL_VAULT_KEY: `${Buffer.alloc(32, 1).toString("base64")}\n` }
      assert.strictEqual(yield* count(environment), 200)
      const error = yield* Effect.flip(count())
      assert.strictEqual(error._tag, "VaultFileError")
    }))

  it.live("rejects another key, and a missing key file", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* fill(options)
      yield* rejected({ ...options, key: key(2) }, "WrongKey")
      Fs.renameSync(`${options.path}.key`, `${options.path}.moved`)
      yield* rejected(options, "WrongKey")
      assert.isFalse(Fs.existsSync(`${options.path}.key`))
      Fs.renameSync(`${options.path}.moved`, `${options.path}.key`)
      assert.lengthOf(yield* use(options, (things) => things.entries), 200)
    }))

  it.live("rejects an invalid key, and a key file that others can read", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* fill(options)
      for (const string of ["", "sentinel-key", "!".repeat(43), Buffer.alloc(16).toString("base64url")]) {
        const error = yield* rejected({ ...options, key: Redacted.make(string) }, "InvalidKey")
        assert.notInclude(error.message, "sentinel")
      }
      Fs.chmodSync(`${options.path}.key`, 0o640)
      assert.include((yield* rejected(options, "InvalidKey")).message, "640")
      Fs.chmodSync(`${options.path}.key`, 0o600)
      Fs.writeFileSync(`${options.path}.key`, "sentinel-key")
      assert.notInclude((yield* rejected(options, "InvalidKey")).message, "sentinel")
    }))

  it.live("rejects a path that is not a writable file", () =>
    Effect.gen(function*() {
      const directory = yield* Folder.temporary
      const reason = (path: string) => Effect.map(failure({ path }), (error) => [error.reason, error.message] as const)
      const file = join(directory, "file")
      Fs.writeFileSync(file, "something else")
      assert.deepStrictEqual((yield* reason(directory))[0], "Unusable")
      assert.include((yield* reason(directory))[1], "directory")
      assert.deepStrictEqual((yield* reason(join(directory, "none", "vault")))[0], "Unusable")
      assert.deepStrictEqual((yield* reason(join(file, "vault")))[0], "Unusable")
      assert.deepStrictEqual((yield* reason("/dev/null"))[0], "Unusable")
      Fs.mkdirSync(join(directory, "vault.new"))
      assert.deepStrictEqual((yield* reason(join(directory, "vault")))[0], "Unusable")
      assert.deepStrictEqual(Fs.readdirSync(directory).sort(), ["file", "vault.new"])
    }))

  it.live.skipIf(process.platform === "win32")("rejects a link and a pipe", () =>
    Effect.gen(function*() {
      const directory = yield* Folder.temporary
      const victim = join(directory, "victim")
      Fs.writeFileSync(victim, "")
      const pathOf = (suffix: string) => join(directory, `${suffix.slice(1)}vault`)
      for (const suffix of ["", ".key", ".pid"]) {
        const path = pathOf(suffix)
        Fs.symlinkSync("victim", `${path}${suffix}`)
        const linked = yield* failure({ path })
        assert.include(linked.message, `${path}${suffix}`)
        assert.strictEqual(Fs.readFileSync(victim, "utf8"), "", suffix)
        Fs.rmSync(`${path}${suffix}`)
        execFileSync("mkfifo", [`${path}${suffix}`])
        const piped = yield* failure({ path })
        assert.include(piped.message, `${path}${suffix}`)
        assert.include(piped.message, "it is not a regular file")
      }
      // Any file in the place of the next one is removed.
      for (
        const [name, make] of [
          ["linked", (path: string) => Fs.symlinkSync("victim", path)],
          ["piped", (path: string) => execFileSync("mkfifo", [path])]
        ] as const
      ) {
        const options = { path: join(directory, name), key: key(1) }
        make(`${options.path}.new`)
        yield* fill(options, 1)
        assert.strictEqual(Fs.readFileSync(victim, "utf8"), "")
        assert.isFalse(Fs.existsSync(`${options.path}.new`))
      }
    }))

  it.live("rejects a second name of the file", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      const other = { ...options, path: join(yield* Folder.temporary, "other") }
      yield* use(options, (things) =>
        Effect.gen(function*() {
          yield* things.put("key", secret("value"))
          Fs.linkSync(options.path, other.path)
          const error = yield* failure(other)
          assert.strictEqual(error.reason, "Unusable")
          assert.include(error.message, `${other.path} has several hard links`)
          assert.deepStrictEqual(Fs.readdirSync(dirname(other.path)), ["other"])
        }))
      yield* rejected(options, "Unusable")
      Fs.unlinkSync(other.path)
      same((yield* use(options, (things) => things.entries)).length, 1)
    }))

  it.live("rejects every other format version", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* fill(options)
      const [header = "", ...rest] = linesOf(options.path)
      writeLines(options.path, [header.replace("vault 1 ", "vault 2 "), ...rest])
      assert.include((yield* rejected(options, "UnknownFormat")).message, "2")
    }))

  it.live("rejects lines that were changed, moved, repeated or removed, or come from another vault", () =>
    Effect.gen(function*() {
      const other = { path: yield* path, key: key(7) }
      yield* fill(other, 3)
      const foreign = linesOf(other.path)
      const tamper = (change: (lines: ReadonlyArray<string>) => ReadonlyArray<string>) =>
        Effect.gen(function*() {
          const options = { path: yield* path, key: key(7) }
          yield* use(options, (things) =>
            Effect.forEach(["key", "key", "key", "one", "two", "three", "four"], (key) =>
              things.put(key, secret("value")), { discard: true }))
          const lines = linesOf(options.path)
          assert.lengthOf(lines, 8)
          writeLines(options.path, change(lines))
          yield* rejected(options, "Damaged")
        })
      const replaceLine = (index: number, replace: (line: string) => string | undefined) =>
        tamper((lines) => lines.map((line, n) => n === index ? replace(line) ?? "" : line))
      const damage = (line: string) => `${line.slice(0, -4)}AAAA`
      yield* replaceLine(1, damage)
      yield* replaceLine(3, damage)
      // The last line has its line break, so its write was acknowledged.
      yield* replaceLine(7, damage)
      yield* tamper(([header = "", ...lines]) => [header, ...lines.map(damage)])
      yield* replaceLine(2, () => foreign[2])
      yield* replaceLine(2, () => "something else entirely")
      yield* tamper(([a, b, c, d, e, ...rest]) => [a, b, c, e, d, ...rest].map(String))
      yield* tamper((lines) => lines.map((line, index) => lines[index === 4 ? 3 : index] ?? line))
      yield* tamper((lines) => lines.filter((_, index) => index !== 3))
    }))

  it.live("rejects every flipped bit of the last write, and keeps the acknowledged writes", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      yield* use(
        options,
        (things) => Effect.andThen(things.put("first", secret("value")), things.put("last", secret("value")))
      )
      const good = Fs.readFileSync(options.path)
      const start = good.lastIndexOf("\n", good.length - 2) + 1
      for (let index = start; index < good.length; index++) {
        for (let bit = 0; bit < 8; bit++) {
          const damaged = Buffer.from(good)
          damaged.writeUInt8(good.readUInt8(index) ^ (1 << bit), index)
          Fs.writeFileSync(options.path, damaged)
          // The last character of base64 has bits without a meaning.
          const result = yield* Effect.result(use(options, (things) => things.get("last")))
          if (result._tag === "Success") {
            assert.isTrue(Option.isSome(result.success), `bit ${bit} of byte ${index}`)
          } else {
            assert.strictEqual(result.failure._tag === "VaultFileError" && result.failure.reason, "Damaged")
            assert.isTrue(damaged.equals(Fs.readFileSync(options.path)))
          }
        }
      }
      assert.isFalse(Fs.existsSync(`${options.path}.torn`))
    }))

  it.live("rejects an empty file, and changes nothing", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      yield* fill(options, 40)
      const keyBefore = Fs.readFileSync(`${options.path}.key`)
      Fs.truncateSync(options.path)
      assert.include((yield* rejected(options, "Damaged")).message, "it is empty")
      yield* rejected({ ...options, key: key(7) }, "Damaged")
      assert.isTrue(keyBefore.equals(Fs.readFileSync(`${options.path}.key`)))
      Fs.rmSync(`${options.path}.key`)
      yield* rejected(options, "Damaged")
      assert.deepStrictEqual(Fs.readdirSync(dirname(options.path)), ["agentcore.vault"])
    }))

  // SECURITY.md says so.
  it.live("does not notice that whole lines are missing at its end", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      yield* use(options, (things) => things.put("grant", secret("value")))
      const before = Fs.readFileSync(options.path)
      yield* use(options, (things) => things.remove("grant"))
      Fs.truncateSync(options.path, before.length)
      assert.isTrue(Option.isSome(yield* use(options, (things) => things.get("grant"))))
    }))

  it.live("drops only an unfinished last line, and keeps the file of before", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      const names = (things: VaultStore.Collection<typeof Secret.Type>) =>
        Effect.map(things.entries, (entries) => entries.map(([key]) => key))
      yield* use(options, (things) =>
        Effect.andThen(things.put("acknowledged", secret("value")), things.put("torn", secret("value"))))
      const complete = Fs.readFileSync(options.path)
      const torn = [1, 2, 20, 100].map((missing) =>
        complete.subarray(0, complete.length - missing)
      )
      // A power failure can leave zeros.
      const zeros = [1, 100].map((count) =>
        Buffer.concat([complete.subarray(0, complete.length - count), Buffer.alloc(count)])
      )
      for (const bytes of [...torn, ...zeros]) {
        Fs.writeFileSync(options.path, bytes)
        assert.deepStrictEqual(yield* use(options, names), ["acknowledged"])
        assert.isTrue(bytes.equals(Fs.readFileSync(`${options.path}.torn`)))
        assert.strictEqual(Fs.statSync(`${options.path}.torn`).mode & 0o777, 0o600)
        Fs.rmSync(`${options.path}.torn`)
        yield* use(options, (things) => things.put("torn", secret("again")))
        assert.deepStrictEqual(yield* use(options, names), ["acknowledged", "torn"])
        assert.isFalse(Fs.existsSync(`${options.path}.torn`))
      }
    }))

  it.live("drops outdated values when it is opened", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      yield* use(options, (things) =>
        Effect.gen(function*() {
          yield* things.put("a", secret("value"))
          yield* things.put("key", secret("x".repeat(200_000)))
          yield* things.put("key", secret("short"))
        }))
      assert.isAbove(Fs.statSync(options.path).size, 200_000)
      const entries = yield* use(options, (things) => things.entries)
      same(entries, [["a", secret("value")], ["key", secret("short")]])
      assert.isBelow(Fs.statSync(options.path).size, 1000)
      same(yield* use(options, (things) => things.entries), entries)
      assert.deepStrictEqual(Fs.readdirSync(dirname(options.path)), ["agentcore.vault"])
    }))

  it.live("drops outdated values before a write, when it has four times the size of its entries", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      const header = () => linesOf(options.path)[0]
      const keys = Array.from({ length: 200 }, (_, index) => `user-${index}`)
      const expected = yield* use(options, (things) =>
        Effect.gen(function*() {
          const writeAll = (count: number) =>
            Effect.forEach(keys, (key) => things.put(key, secret("y".repeat(1000), count)), {
              concurrency: "unbounded",
              discard: true
            })
          let last = header()
          const rewrites: Array<number> = []
          for (let round = 0; round < 12; round++) {
            yield* writeAll(round)
            yield* things.remove(`user-${round}`)
            if (header() !== last) rewrites.push(round)
            last = header()
          }
          assert.deepStrictEqual(rewrites, [3, 6, 9])
          return yield* things.entries
        }))
      same(yield* use(options, (things) => things.entries), expected)
      assert.deepStrictEqual(Fs.readdirSync(dirname(options.path)), ["agentcore.vault"])
    }))

  it.live("is used as it is when it cannot be rewritten", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(7) }
      yield* use(options, (things) => things.put("key", secret("x".repeat(400_000))))
      Fs.mkdirSync(`${options.path}.new`)
      yield* use(options, (things) =>
        Effect.gen(function*() {
          yield* things.put("key", secret("short"))
          yield* things.put("key", secret("shorter"))
        }))
      assert.isAbove(Fs.statSync(options.path).size, 400_000)
      Fs.rmdirSync(`${options.path}.new`)
      same(yield* use(options, (things) => things.entries), [["key", secret("shorter")]])
      assert.isBelow(Fs.statSync(options.path).size, 1000)
    }))

  it.live("rejects other files and damaged files, and does not change them", () =>
    Effect.gen(function*() {
      const options = { path: yield* path, key: key(3) }
      // It is rewritten when it is opened again.
      yield* fill(options, 1500)
      yield* use(options, () => Effect.void)
      const good = Fs.readFileSync(options.path)
      const bad = [
        Buffer.from("The notes of somebody.\n"),
        Buffer.from("The notes of somebody.\n".repeat(4000)),
        Buffer.alloc(good.length),
        good.subarray(0, 20),
        good.subarray(0, 100),
        good.subarray(0, 3 * 4096),
        good.subarray(0, good.length >> 1),
        good.subarray(0, good.length - 2),
        Buffer.concat([good.subarray(0, good.length >> 1), Buffer.alloc(good.length >> 1, 0xff)]),
        Buffer.concat([good.subarray(0, 2 * 4096), Buffer.alloc(good.length - 2 * 4096)]),
        Buffer.concat([good.subarray(0, 2 * 4096), Buffer.alloc(good.length - 2 * 4096, 0xff)])
      ]
      for (const bytes of bad) {
        Fs.writeFileSync(options.path, bytes)
        yield* rejected(options, "Damaged")
      }
      Fs.writeFileSync(options.path, good)
      assert.lengthOf(yield* use(options, (things) => things.entries), 1500)
    }))

  it.live("leaves a whole vault or no file, and no handles, when it is interrupted at any step", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      const directory = join(options.path, "..")
      const handles = () =>
        Fs.readdirSync("/proc/self/fd").flatMap((fd) => {
          try {
            return [Fs.readlinkSync(`/proc/self/fd/${fd}`)]
          } catch {
            return []
          }
        }).filter((target) => target.startsWith(directory))
      let opened = 0
      const seen = new Set<string>()
      // The steps are the appearance of each file of the vault, and the times after it.
      for (const last of ["vault.pid", "vault.key", "vault.new", "vault"]) {
        for (let iterations = 0; iterations < 12; iterations++) {
          const scope = yield* Scope.make()
          const fiber = yield* Effect.forkChild(Scope.provide(VaultFile.make(options), scope))
          const appeared = () => Fs.existsSync(join(directory, `agentcore.${last}`))
          while (!appeared() && fiber.pollUnsafe() === undefined) yield* iteration
          for (let more = 0; more < iterations * iterations; more++) yield* iteration
          for (const file of Fs.readdirSync(directory)) seen.add(file)
          yield* Fiber.interrupt(fiber)
          const exit = yield* Fiber.await(fiber)
          yield* Scope.close(scope, exit)
          if (Exit.isSuccess(exit)) opened++
          const files = Fs.readdirSync(directory).sort()
          if (Exit.isSuccess(exit) || files.length > 0) {
            // The vault was complete before the interruption.
            assert.deepStrictEqual(files, ["agentcore.vault", "agentcore.vault.key"])
            assert.deepStrictEqual(yield* use(options, (things) => things.entries), [])
          }
          for (const file of files) Fs.rmSync(join(directory, file))
          assert.deepStrictEqual(handles(), [], `after ${iterations} turns of ${last}`)
        }
      }
      assert.isBelow(opened, 40)
      assert.isTrue(seen.has("agentcore.vault.key"))
    }))

  it.live("keeps an existing key when it is interrupted", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      Fs.writeFileSync(`${options.path}.key`, Redacted.value(key(5)), { mode: 0o600 })
      const fiber = yield* Effect.forkChild(use(options, () => Effect.never))
      while (!Fs.existsSync(`${options.path}.pid`)) yield* iteration
      yield* Fiber.interrupt(fiber)
      assert.include(Fs.readdirSync(dirname(options.path)), "agentcore.vault.key")
      yield* fill(options, 1)
    }))

  it.live("creates one vault when several open it at once", () =>
    Effect.gen(function*() {
      const options = { path: yield* path }
      const exits = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.exit(use(options, (things) => things.put("key", secret("value")))),
        { concurrency: "unbounded" }
      )
      assert.isTrue(exits.some(Exit.isSuccess))
      assert.lengthOf(yield* use(options, (things) => things.entries), 1)
    }))
})
