// Runs on its own small disk (argument 1), which it fills and clears. Reports the results.
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import { join } from "node:path"
import { LocalServer, Scripted, VaultFile } from "../../support/localBackend.js"
import { report } from "../../support/report.mjs"

const disk = process.argv[2] ?? ""
const ballast = join(disk, "ballast")
const vault = { path: join(disk, "vault"), key: Redacted.make(Buffer.alloc(32, 7).toString("base64url")) }

/** Leaves this many bytes free. */
const fill = (free: number) => {
  const file = Fs.openSync(ballast, "a")
  try {
    for (;;) Fs.writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error
  } finally {
    Fs.closeSync(file)
  }
  Fs.truncateSync(ballast, Fs.statSync(ballast).size - free)
}

const empty = () => Fs.rmSync(ballast, { force: true })

/** Opens the vault with this much space, and returns the error and the files that are left. */
const start = (free: number, options: VaultFile.Options) =>
  Effect.gen(function*() {
    fill(free)
    const result = yield* Effect.match(Effect.scoped(VaultFile.make(options)), {
      onFailure: ({ message, reason }) => `${reason}: ${message}`,
      onSuccess: () => "opened"
    })
    empty()
    const files = Fs.readdirSync(disk).sort()
    return { free, result, files }
  })

const clear = () => {
  for (const file of Fs.readdirSync(disk)) Fs.rmSync(join(disk, file))
}

const program = Effect.gen(function*() {
  const starts = []
  for (const free of [0, 4096, 8192, 65536, 131072, 524288]) {
    starts.push(yield* start(free, { path: vault.path }))
    clear()
  }

  const log: Array<string> = []
  const call = (url: string, operation: string, input: object) =>
    Effect.promise(async () => {
      const response = await fetch(`${url}/identities/${operation}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(input)
      })
      return { status: response.status, text: await response.text() }
    })
  const withServer = <A>(use: (url: string) => Effect.Effect<A>) =>
    Effect.flatMap(LocalIdentity.LocalServer, ({ url }) => use(url)).pipe(
      Effect.provide(LocalServer.layer({ signatures: "off" })),
      Effect.provide(Layer.merge(VaultFile.layer(vault), Scripted.layer())),
      Effect.provide(Logger.layer([Logger.make(({ message }) => void log.push(String(message)))]))
    )
  const acknowledged: Array<string> = []
  const statuses = new Set<number>()
  const bodies = new Set<string>()
  // Several sizes, so that an entry needs one page or more.
  const create = (url: string, name: string, size: number) =>
    Effect.map(
      call(url, "CreateWorkloadIdentity", {
        name,
        allowedResourceOauth2ReturnUrls: [1, 2, 3].map((n) => `https://app.test/${name}/${n}/`.padEnd(size, "x"))
      }),
      ({ status, text }) => {
        statuses.add(status)
        if (status < 300) acknowledged.push(name)
        else bodies.add(text)
      }
    )
  const read = (url: string, names: ReadonlyArray<string> = acknowledged) =>
    Effect.map(
      Effect.forEach(names, (name) => call(url, "GetWorkloadIdentity", { name }), { concurrency: 20 }),
      (responses) => responses.map(({ status }) => status)
    )

  const running = yield* withServer((url) =>
    Effect.gen(function*() {
      yield* create(url, "before", 0)
      const names = Array.from({ length: 20 }, (_, index) => index)
      const reads: Array<number> = []
      for (let round = 0; round < 4; round++) {
        fill((round % 3) * 65536)
        yield* Effect.forEach(names, (n) => create(url, `full-${round}-${n}`, n % 2 === 0 ? 0 : 1000), {
          concurrency: 10
        })
        reads.push(...(yield* read(url, acknowledged.slice(-20))))
        empty()
        yield* create(url, `again-${round}`, 0)
      }
      const earlier = [...statuses]
      statuses.clear()
      yield* create(url, "after", 0)
      return { earlier, last: [...statuses], reads: [...new Set(reads)] }
    })
  )
  const reopened = yield* withServer((url) => read(url))
  // A vault of earlier writes, on a disk that is full when the server starts.
  const restart = yield* start(0, vault)
  const last = yield* withServer((url) => read(url))
  return {
    starts,
    restart,
    running,
    bodies: [...bodies],
    acknowledged: acknowledged.length,
    reopened: [...new Set(reopened)],
    last: [...new Set(last)],
    log: [...new Set(log)]
  }
})

report(await Effect.runPromise(program))
