import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import * as ProcessLock from "../../../src/local/internal/processLock.js"
import * as Folder from "../../support/folder.js"

const path = Effect.map(
  Folder.temporary,
  (directory) => join(directory, "lock")
)

const macrotask = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Moves the clock on while the fiber waits, `each` second. */
const run = <A, E, R>(effect: Effect.Effect<A, E, R>, each: () => void = () => {}) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      each()
      for (let iteration = 0; iteration < 5; iteration++) yield* macrotask
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.join(fiber)
  })

const elsewhere = JSON.stringify({
  pid: 17,
  host: hostname(),
  boot: Fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  pidNamespace: "pid:[1]"
})

describe("processLock.acquire", () => {
  it.effect("rejects a second holder, also in one process, and names the first one", () =>
    Effect.gen(function*() {
      const lock = yield* path
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(ProcessLock.acquire(lock), scope)
      const error = yield* Effect.flip(ProcessLock.acquire(lock))
      assert.deepStrictEqual([error.code, error.holder], ["EEXIST", `process ${process.pid}`])
      assert.isTrue(first.isHeld())
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(Fs.existsSync(lock))
      yield* ProcessLock.acquire(lock)
    }))

  it.effect("replaces the lock of another container that does not touch it for 15 seconds", () =>
    Effect.gen(function*() {
      const lock = yield* path
      Fs.writeFileSync(lock, elsewhere)
      const before = yield* Clock.currentTimeMillis
      yield* run(ProcessLock.acquire(lock))
      assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 15_000)
      assert.strictEqual(JSON.parse(Fs.readFileSync(lock, "utf8")).pid, process.pid)
    }))

  it.effect("rejects a second holder when another container touches its lock", () =>
    Effect.gen(function*() {
      const lock = yield* path
      Fs.writeFileSync(lock, elsewhere)
      let time = 1
      const touch = () => Fs.utimesSync(lock, time, time++)
      const error = yield* run(Effect.flip(ProcessLock.acquire(lock)), touch)
      assert.deepStrictEqual([error.code, error.holder], ["EEXIST", "process 17"])
      assert.strictEqual(Fs.readFileSync(lock, "utf8"), elsewhere)
    }))

  it.effect("names the host of a process on another machine, and keeps a file of another program", () =>
    Effect.gen(function*() {
      const lock = yield* path
      Fs.writeFileSync(lock, JSON.stringify({ pid: 17, host: "other.example.com" }))
      let time = 1
      const error = yield* run(
        Effect.flip(ProcessLock.acquire(lock)),
        () => Fs.utimesSync(lock, time, time++)
      )
      assert.strictEqual(error.holder, "process 17 on host other.example.com")
      Fs.writeFileSync(lock, "17")
      const unknown = yield* Effect.flip(ProcessLock.acquire(lock))
      assert.deepStrictEqual([unknown.code, unknown.holder], ["EEXIST", undefined])
      assert.strictEqual(Fs.readFileSync(lock, "utf8"), "17")
    }))

  it.live("does not wait for a link or a pipe that replaces the file, and reports the loss", () =>
    Effect.gen(function*() {
      const lock = yield* path
      for (const replace of [() => Fs.symlinkSync("elsewhere", lock), () => execFileSync("mkfifo", [lock])]) {
        const scope = yield* Scope.make()
        const first = yield* Scope.provide(ProcessLock.acquire(lock), scope)
        Fs.unlinkSync(lock)
        replace()
        const { code } = yield* Effect.flip(ProcessLock.acquire(lock))
        assert.include(["ELOOP", "EFTYPE"], code)
        yield* Effect.repeat(Effect.delay(Effect.sync(first.isHeld), "50 millis"), { while: (isHeld) => isHeld })
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(Fs.lstatSync(lock).isFile())
        Fs.unlinkSync(lock)
      }
    }))

  it.effect("can be interrupted while it watches another container", () =>
    Effect.gen(function*() {
      const lock = yield* path
      Fs.writeFileSync(lock, elsewhere)
      const fiber = yield* Effect.forkChild(ProcessLock.acquire(lock))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(Fs.readFileSync(lock, "utf8"), elsewhere)
    }))

  it.live("reports that its file is gone, and keeps the file of a successor", () =>
    Effect.gen(function*() {
      const lock = yield* path
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(ProcessLock.acquire(lock), scope)
      Fs.writeFileSync(lock, elsewhere)
      yield* Effect.repeat(Effect.delay(Effect.sync(first.isHeld), "50 millis"), { while: (isHeld) => isHeld })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(Fs.readFileSync(lock, "utf8"), elsewhere)
    }))
})
