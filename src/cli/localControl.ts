/** The commands below `npx agentcore-identity local`. They act on the running server, over HTTP. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty, isReadonlyObject } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as IdentitySetup from "../IdentitySetup.js"
import { boundedFetch } from "../internal/boundedFetch.js"
import * as RedirectPage from "../internal/consent/redirectPage.js"
import { readText } from "../local/internal/safeFile.js"
import * as Waiting from "../local/internal/waiting.js"
import type * as Control from "../local/server/controlOperations.js"
import * as Table from "./printTable.js"
import * as StateFile from "./stateFile.js"

export class ControlFailed extends Data.TaggedError("ControlFailed")<{ readonly message: string }> {}

const timeout = 60_000

const maxBytes = 64 * 1024 * 1024

const unreachable = (url: string) => new ControlFailed({ message: `The local server at ${url} does not respond` })

const toFailure = (url: string, status: number, body: unknown) =>
  new ControlFailed({
    message: hasProperty(body, "message") && typeof body.message === "string"
      ? body.message
      : `The server at ${url} responded with the status ${status}. Is it 'npx agentcore-identity local'?`
  })

const readJson = (response: Response): Promise<unknown> => response.json().catch(() => undefined)

/** Sends a request to the control of a server, and returns the object in its response, of the type that it declares. */
const send = <A>(path: string, init: RequestInit = {}, found: typeof StateFile.find = StateFile.find) =>
  Effect.flatMap(found, (server): Effect.Effect<A, ControlFailed> =>
    Effect.tryPromise({
      try: async (signal) => {
        const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" }
        const url = `${server.url}/_local/${path}`
        const response = await boundedFetch(url, { ...init, headers }, { timeout, maxBytes, signal })
        return [response, await readJson(response)] as const
      },
      // The error of `fetch` has no more details.
      catch: () => unreachable(server.url)
    }).pipe(Effect.flatMap(([{ ok, status }, body]) =>
      ok && isReadonlyObject(body) ? Effect.succeed(body as A) : toFailure(server.url, status, body)
    )))

const read = <R extends Control.Read>(path: R, server?: typeof StateFile.find) =>
  send<Control.Found<R>>(path, {}, server)

const act = <A extends Control.Action>(path: A, body: Control.Body<A>, server?: typeof StateFile.find) =>
  send<Control.Done<A>>(path, { method: "POST", body: JSON.stringify(body) }, server)

const actAndPrint = <A extends Control.Action>(path: A, body: Control.Body<A>, line: string) =>
  Effect.andThen(act(path, body), Console.log(line))

const columns = {
  snapshots: ["name", "takenAt"],
  faults: ["id", "fired", "remaining", "fault"],
  consents: ["id", "state", "openedAt", "provider", "workload", "user", "scopes"],
  grants: ["id", "provider", "workload", "user", "expiresAt", "revoked", "scopes"]
}

/** Prints a list as a table, or as JSON. The table has one of the consents that wait for one request. */
export const list = (path: keyof typeof columns, json: boolean) =>
  Effect.gen(function*() {
    const response = yield* read(path)
    // Each of these responses has a list under the name of its path.
    const rows = (response as Readonly<Record<string, ReadonlyArray<Table.Row>>>)[path] ?? []
    if (json) return yield* Table.printJson(rows)
    const shown = "consents" in response ? Waiting.foldWaiting(response.consents) : rows
    yield* Console.log(rows.length === 0 ? `No ${path}.` : Table.format(columns[path], shown))
  })

export const reset = actAndPrint("reset", {}, "The server is reset to its start.")

const newConsoleUrl = Effect.map(act("console", {}), ({ url }) => url)

/** Opens the console in a browser. Prints its URL if that fails, or if the output is for another program. */
export const openConsole = Effect.gen(function*() {
  const target = process.stdout.isTTY ? URL.parse(yield* newConsoleUrl) : null
  if (target !== null) {
    if (yield* Effect.orElseSucceed(RedirectPage.open(target), () => false)) {
      return yield* Console.log(`Opened the console of ${target.origin} in the browser.`)
    }
    yield* Console.error("No browser opened the console. This URL opens it once, within a minute:")
  }
  // The browser may have got the first URL too late.
  yield* Console.log(Table.cell(yield* newConsoleUrl))
})

const encodeSetup = Schema.encodeEffect(IdentitySetup.IdentitySetup)

/** Resolves references in the file by the variables of this shell, and of the server that it finds. */
export const seed = (file: string) =>
  Effect.gen(function*() {
    const server = yield* StateFile.find
    const setup = yield* readText(file).pipe(
      Effect.flatMap((content) => IdentitySetup.parse(content, { file })),
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.orElse(ConfigProvider.fromEnv(), ConfigProvider.fromEnv({ env: server.environment }))
      )
    )
    const { changes } = yield* act("seed", yield* Effect.orDie(encodeSetup(setup)), Effect.succeed(server))
    yield* Console.log(
      changes.length === 0 ? "The file names no resources." : Table.format(["action", "kind", "name"], changes)
    )
  })

export const snapshot = (name: string) => actAndPrint("snapshot", { name }, `Took the snapshot '${name}'.`)

export const restore = (name: string) => actAndPrint("restore", { name }, `Restored the snapshot '${name}'.`)

export const clock = (change: Control.Body<"clock"> | undefined) =>
  Effect.gen(function*() {
    const { now, offset } = yield* change === undefined ? read("clock") : act("clock", change)
    yield* Console.log(`${Table.cell(now)} (${offset >= 0 ? "+" : ""}${offset / 1000} s)`)
  })

export const addFault = (fault: Control.Body<"faults">) =>
  Effect.flatMap(act("faults", fault), ({ id }) => Console.log(Table.cell(id)))

export const removeFault = (id: string | undefined) =>
  id === undefined
    ? actAndPrint("faults/clear", {}, "There are no faults now.")
    : actAndPrint("faults/remove", { id }, "Removed the fault.")

type Request = Control.Found<"requests">["requests"][number]

/** The credential provider of a request that gets a credential, or manages the provider. */
const providerOf = ({ operation, request }: Request): unknown => {
  if (!isReadonlyObject(request)) return undefined
  return request["resourceCredentialProviderName"]
    ?? (operation.endsWith("CredentialProvider") ? request["name"] : undefined)
}

/** The local time, as in the log on a terminal. */
const formatTime = (at: string): string | undefined =>
  Option.getOrUndefined(Option.map(DateTime.make(at), DateTime.formatLocal({ locale: "en-GB", timeStyle: "medium" })))

/** Formats requests as a table, with the error and the reasons of each below its row. */
const formatRequests = (list: ReadonlyArray<Request>, width: number): string => {
  const [heading = "", ...rows] = Table.align([
    ["time", "status", "ms", "operation", "provider", "user"],
    ...list.map((request) => [
      formatTime(request.at),
      request.status,
      request.duration,
      request.operation,
      providerOf(request),
      request.user
    ])
  ])
  const indent = " ".repeat(heading.indexOf("status"))
  return [
    Table.cut(heading, width),
    ...list.flatMap(({ error, reasons }, index) => [
      Table.cut(rows[index] ?? "", width),
      ...[...(error === undefined ? [] : [`${error.name}: ${error.message}`]), ...reasons]
        .flatMap((text) => Table.wrap(Table.cell(text), width - indent.length))
        .map((line) => `${indent}${line}`)
    ])
  ].join("\n")
}

/** Reads the last requests of the server, the newest first. */
export const readRequests = Effect.map(read("requests"), ({ requests }) => requests)

export const requests = (json: boolean) =>
  Effect.flatMap(readRequests, (requests) =>
    json
      ? Table.printJson(requests)
      : Console.log(requests.length === 0 ? "No requests." : formatRequests(requests, Table.terminalWidth())))

/** Prints each request as one line of JSON, until it is interrupted. */
export const events = Effect.gen(function*() {
  const server = yield* StateFile.find
  const response = yield* Effect.tryPromise({
    try: (signal) =>
      fetch(`${server.url}/_local/events`, { headers: { authorization: `Bearer ${server.token}` }, signal }),
    catch: () => unreachable(server.url)
  })
  const { body } = response
  if (!response.ok || body === null) {
    return yield* toFailure(server.url, response.status, yield* Effect.promise(() => readJson(response)))
  }
  // An error of the stream means that the server has stopped.
  yield* Stream.fromReadableStream({ evaluate: () => body, onError: () => unreachable(server.url) }).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.filter((line) => line.startsWith("data: ")),
    Stream.runForEach((line) => Console.log(line.slice("data: ".length)))
  )
})

/** Without an id, a command acts on the only one. */
const chooseId = (
  path: "consents" | "grants",
  rows: ReadonlyArray<Pick<Control.Found<"grants">["grants"][number], "id" | "provider" | "user">>,
  given: string | undefined
) => {
  const [only, ...others] = rows
  const id = given ?? (others.length === 0 ? only?.id : undefined)
  if (id !== undefined) return Effect.succeed(id)
  const several = rows.map(({ id, provider, user }) => `${id} (${provider}, ${Table.cell(user)})`).join(", ")
  return new ControlFailed({
    message: only === undefined ? `There are no ${path}` : `There are several ${path}, give an id: ${several}`
  })
}

const consentOutcomes = {
  approve: (user: string, provider: string) => `${user} has consented to ${provider}.`,
  deny: (user: string, provider: string) =>
    `${user} has denied ${provider}. A wait of Connect ends if they had pressed Connect before, and else goes on.`,
  expire: (user: string) => `The session of ${user} has expired.`
}

export const changeConsent = (action: keyof typeof consentOutcomes, given: string | undefined, userName?: string) =>
  Effect.gen(function*() {
    const server = Effect.succeed(yield* StateFile.find)
    const { consents } = yield* read("consents", server)
    const id = yield* chooseId("consents", Waiting.foldWaiting(consents).filter(Waiting.isWaiting), given)
    yield* act(`consents/${action}`, { id, userName }, server)
    const consent = consents.find((consent) => consent.id === id)
    yield* Console.log(consentOutcomes[action](Table.cell(consent?.user), Table.cell(consent?.provider)))
  })

const grantOutcomes = { expire: "The access token has expired.", forget: "The vault has forgotten the grant." }

const revocations = {
  revoked: "The authorization server has revoked the token.",
  forgotten: "The grant has no refresh token, and the authorization server does not revoke an access token alone. "
    + "The vault has forgotten the grant. The token stays valid until it expires."
}

export const changeGrant = (action: "expire" | "revoke" | "forget", given: string | undefined) =>
  Effect.gen(function*() {
    const server = Effect.succeed(yield* StateFile.find)
    const id = yield* chooseId("grants", (yield* read("grants", server)).grants, given)
    if (action === "revoke") {
      const { outcome } = yield* act("grants/revoke", { id }, server)
      return yield* Console.log(revocations[outcome])
    }
    yield* act(`grants/${action}`, { id }, server)
    yield* Console.log(grantOutcomes[action])
  })
