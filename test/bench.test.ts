import { assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = mkdtempSync(join(tmpdir(), "bench-"))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const bench = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    const run = fileURLToPath(new URL("./bench/run.mjs", import.meta.url))
    const child = execFile(process.execPath, [run, ...args], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }))
  })

interface Spread {
  readonly median: number
  readonly q1: number
  readonly q3: number
}

interface Waits {
  readonly waits: number
  readonly heap: number
  readonly alone: Spread
  readonly meanwhile: Spread
  readonly callback: Spread
}

interface Result {
  readonly calls: { readonly [subject: string]: { readonly wall: Spread; readonly cpu: Spread } }
  readonly cold: { readonly [kind: string]: { readonly wall: Spread; readonly cpu: Spread } }
  readonly bundles: { readonly [name: string]: number }
  readonly load: { readonly wall: Spread; readonly cpu: Spread; readonly packages: ReadonlyArray<string> }
  readonly samples: { readonly calls: { readonly [subject: string]: { readonly wall: ReadonlyArray<number> } } }
  readonly bursts: { readonly [name in "raw" | "http"]: { readonly wall: Spread } } & { readonly speedOfRaw: Spread }
  readonly waits: Waits
  readonly linkWaits: Waits
  readonly pages: { readonly sessions: number; readonly heap: number; readonly polls: number }
  readonly officialWait: Spread
  readonly local: {
    readonly operations: { readonly [name: string]: { readonly cpu: Spread; readonly speedOfBare: Spread } }
    readonly ready: { readonly alone: Spread; readonly withAuthorizationServer: Spread }
    readonly grants: {
      readonly [where in "memory" | "disk"]: { readonly many: { readonly grants: number; readonly token: number } }
    }
    readonly growth: {
      readonly [operation: string]: {
        readonly sizes: ReadonlyArray<number>
        readonly few: number
        readonly many: number
        readonly ratio: number
      }
    }
  }
  readonly targets: ReadonlyArray<{ readonly name: string; readonly met: boolean }>
}

const read = (file: string): Result => JSON.parse(readFileSync(file, "utf8"))

const assertSpread = ({ median, q1, q3 }: Spread): void => {
  assert.isAbove(q1, 0)
  assert.isAtLeast(median, q1)
  assert.isAtLeast(q3, median)
}

describe("npm run bench", () => {
  const file = join(folder, "result.json")
  let table = ""

  beforeAll(async () => {
    const few = "--rounds 2 --calls 5 --burst 20 --warm-up 5 --processes 1 --waits 20 --entries 200 "
      + "--grants 20 --identities 20 --sessions 20"
    const { code, stderr, stdout } = await bench(...few.split(" "), "--json", file)
    assert.strictEqual(code, 0, stderr)
    table = stdout
    return () => rmSync(folder, { recursive: true })
  }, 180_000)

  it("measures every subject, in every round, by wall and CPU time", () => {
    const { calls, cold, load, samples } = read(file)
    assert.sameMembers(Object.keys(calls), [
      "raw",
      "official",
      "uncached",
      "http",
      "httpFetch",
      "httpNodeClient",
      "uncachedPromise",
      "httpPromise",
      "cached",
      "cachedPromise",
      "forwardAuth"
    ])
    assert.sameMembers(Object.keys(cold), [
      "raw",
      "official",
      "uncached",
      "http",
      "officialBundled",
      "sdkBundled",
      "httpBundled",
      "fetchBundled",
      "bareSdkBundled",
      "bareHttpBundled"
    ])
    for (const { cpu, wall } of [...Object.values(calls), ...Object.values(cold), load]) {
      assertSpread(wall)
      assertSpread(cpu)
    }
    for (const { wall } of Object.values(samples.calls)) assert.lengthOf(wall, 2)
  })

  it("measures calls at once", () => {
    const { bursts } = read(file)
    for (const spread of [bursts.raw.wall, bursts.http.wall, bursts.speedOfRaw]) assertSpread(spread)
  })

  it("measures the bundles of an agent: the one without the AWS SDK is half of the other", () => {
    const { bundles } = read(file)
    assert.sameMembers(Object.keys(bundles), ["official", "sdk", "http", "fetch", "bareSdk", "bareHttp"])
    assert.isBelow(bundles["http"] ?? 0, (bundles["sdk"] ?? 0) / 1.8)
  })

  it("reports the packages that Identity loads", () => {
    assert.deepStrictEqual(read(file).load.packages, [])
  })

  it("measures users who have not consented yet", () => {
    const { linkWaits, officialWait, pages, waits } = read(file)
    assert.strictEqual(pages.sessions, 20)
    assert.isAbove(pages.polls, 0)
    assertSpread(officialWait)
    for (const measured of [waits, linkWaits]) {
      assert.strictEqual(measured.waits, 20)
      assert.isAbove(measured.heap, 0)
      for (const spread of [measured.alone, measured.meanwhile, measured.callback]) assertSpread(spread)
    }
  })

  it("measures the local server beside a bare one, and with many grants", () => {
    const { local } = read(file)
    assert.sameMembers(Object.keys(local.operations), [
      "bare",
      "GetResourceApiKey",
      "GetWorkloadAccessTokenForUserId"
    ])
    for (const { cpu } of Object.values(local.operations)) assertSpread(cpu)
    assertSpread(local.ready.alone)
    assertSpread(local.ready.withAuthorizationServer)
    for (const { many } of [local.grants.memory, local.grants.disk]) {
      assert.strictEqual(many.grants, 20)
      assert.isAbove(many.token, 0)
    }
    assert.deepStrictEqual(Object.entries(local.growth).map(([operation, { sizes }]) => [operation, ...sizes]), [
      ["page", 10, 20],
      ["tags", 10, 20],
      ["open", 10, 20],
      ["read", 100, 200],
      ["write", 100, 200]
    ])
    for (const { few, many } of Object.values(local.growth)) assert.isAbove(Math.min(few, many), 0)
  })

  it("prints a table, with the targets", () => {
    for (const { name } of read(file).targets) assert.include(table, name)
    assert.include(table, "bedrock-agentcore, withAccessToken")
  })

  const meet = (waits: Waits) => ({
    ...waits,
    heap: 16,
    polls: 100,
    loopDelay: 50,
    meanwhile: waits.alone,
    callback: waits.alone
  })

  const exactly = (value: number): Spread => ({ median: value, q1: value, q3: value })

  const withSpeedUp = (median: number): string => {
    const result = read(file)
    const ofRaw = (subject: string, wall: number, cpu: number) => ({
      ...result.calls[subject],
      ofRaw: { wall: exactly(wall), cpu: exactly(cpu) }
    })
    const fine = {
      ...result,
      calls: {
        ...result.calls,
        uncached: ofRaw("uncached", 1.2, 1.25),
        http: ofRaw("http", 0.52, 0.47),
        httpFetch: ofRaw("httpFetch", 1.55, 1.6),
        httpPromise: ofRaw("httpPromise", 1, 0.55),
        cached: { ...result.calls["cached"], wall: exactly(13), speedUp: exactly(median) },
        cachedPromise: { ...result.calls["cachedPromise"], wall: exactly(20) },
        forwardAuth: { ...result.calls["forwardAuth"], cpu: exactly(1000) }
      },
      bursts: { ...result.bursts, speedOfRaw: exactly(1.6) },
      cold: {
        ...result.cold,
        httpBundled: { ...result.cold["httpBundled"], ofOfficialBundled: exactly(0.72) },
        http: { ...result.cold["http"], ofOfficial: exactly(1.8) },
        sdkBundled: { ...result.cold["sdkBundled"], ofOfficialBundled: exactly(1.28) }
      },
      load: { ...result.load, wall: exactly(18) },
      waits: meet(result.waits),
      linkWaits: meet(result.linkWaits),
      pages: { ...result.pages, heap: 32, polls: 100 },
      local: {
        ...result.local,
        operations: {
          GetResourceApiKey: { ...result.local.operations["bare"], speedOfBare: exactly(0.22) },
          GetWorkloadAccessTokenForUserId: { ...result.local.operations["bare"], speedOfBare: exactly(0.12) }
        },
        ready: { ...result.local.ready, alone: exactly(500) },
        grants: {
          memory: { ...result.local.grants.memory, token: 1.5, page: 1.5 },
          disk: { ...result.local.grants.disk, token: 1.5, page: 1.5 }
        },
        growth: Object.fromEntries(
          Object.entries(result.local.growth).map(([operation, measured]) => [operation, { ...measured, ratio: 1.5 }])
        )
      }
    }
    const other = join(folder, `${median}.json`)
    writeFileSync(other, JSON.stringify(fine))
    return other
  }

  it("prints the model of many processes, with its targets", async () => {
    const one = { polls: 78, ordinary: 128, throttled: 2.1, found: 99, median: 0.1, p99: 0.2 }
    const scale = {
      real: { waits: 20, polls: 100, heap: 15 },
      model: { polls: 100 },
      shared: one,
      unshared: { ...one, throttled: 1.5, p99: 3000 }
    }
    const other = join(folder, "scale.json")
    writeFileSync(other, JSON.stringify({ ...read(file), scale }))
    const { stdout } = await bench("--read", other)
    assert.match(stdout, /with signals of all processes +78\.0 +128 +2\.10 +99\.0 +0\.10 +0\.20/)
    assert.match(
      stdout,
      /100 processes, shared signals: ordinary calls that are throttled, %, at most 2 +2\.10 +MISSED/
    )
    assert.match(stdout, /100 processes, no signals: ordinary calls that are throttled, %, at most 2 +1\.50 +met/)
  })

  it("exits with 0 when a target is just met", async () => {
    const { code, stdout } = await bench("--read", withSpeedUp(15), "--check")
    assert.deepStrictEqual(stdout.split("\n").filter((line) => line.includes("MISSED")), [])
    assert.strictEqual(code, 0)
  })

  it("exits with 1 when a target is missed", async () => {
    const { code, stdout } = await bench("--read", withSpeedUp(14.9), "--check")
    assert.match(stdout, /times as fast as the official wrapper, at least 15 +14\.9 +MISSED/)
    assert.strictEqual(code, 1)
    assert.strictEqual((await bench("--read", withSpeedUp(14.9))).code, 0)
  })

  it("prints its usage when an option is unknown", async () => {
    assert.strictEqual((await bench("--round", "2")).code, 2)
    assert.strictEqual((await bench("--rounds", "none")).code, 2)
  })
})
