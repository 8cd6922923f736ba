/**
 * The local server, made wrong on purpose: between the clients and the server, and between the server and the recorder,
 * something changes what they say. Statements have to notice it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage } from "node:http"
import * as Server from "../support/server.js"
import * as Local from "./local.js"
import { type Outcome, toOutcome } from "./run.js"
import { present, type Statement, type TokenRequest } from "./statement.js"

export type Json = Readonly<Record<string, unknown>>

/** A request to the service. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface ServiceResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a mutation of tokens needs. */
export interface Tools {
  /** The private key in KMS, in PEM, for ES256. */
  readonly kmsPrivateKey: string
  /** A JWT of the local STS for an audience. */
  readonly awsToken: (audience: string) => Promise<string>
}

/** The changes for the run of one statement. */
export interface Wrong {
  readonly service?:
    | ((call: Call, forward: (call: Call) => Promise<ServiceResponse>) => Promise<ServiceResponse>)
    | undefined
  readonly authorization?: ((query: URLSearchParams) => void) | undefined
  readonly token?: ((request: TokenRequest, tools: Tools) => Promise<TokenRequest>) | undefined
}

export interface Mutation {
  /** The statements that have to detect it. */
  readonly by: readonly [string, ...ReadonlyArray<string>]
  /** Created for each statement, because it may have state. */
  readonly make: () => Wrong
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/** Headers that describe one connection, or a body that the proxy replaces. */
const ofConnection = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding"
])

const keep = (headers: Iterable<readonly [string, string]>): Readonly<Record<string, string>> =>
  Object.fromEntries([...headers].filter(([name]) => !ofConnection.has(name)))

const forwardTo = (url: string) => async ({ body, headers, method, path }: Call): Promise<ServiceResponse> => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers,
    ...method === "GET" || method === "HEAD" ? {} : { body }
  })
  return { status: response.status, headers: keep(response.headers), body: await response.text() }
}

export interface Mutable {
  /** Runs a statement over the server, with or without a mutation. */
  readonly run: (statement: Statement, mutation?: Mutation) => Promise<Outcome>
}

export const make: Effect.Effect<Mutable, never, Scope.Scope> = Effect.gen(function*() {
  let wrong: Wrong = {}
  // An error of a mutation itself must not look like a difference.
  const faults: Array<unknown> = []
  const report = (fault: unknown): never => {
    faults.push(fault)
    throw fault
  }
  const service = yield* Local.makeWith({
    authorization: (query) => wrong.authorization?.(query),
    token: async (request) => wrong.token?.(request, tools).catch(report) ?? request
  })
  const tools: Tools = {
    kmsPrivateKey: service.kmsPrivateKey,
    awsToken: async (audience) =>
      present(
        "WebIdentityToken",
        (await service.recording.sts.getWebIdentityToken({ Audience: [audience], SigningAlgorithm: "ES384" }))
          .WebIdentityToken
      )
  }
  const forward = forwardTo(present("endpoint", service.environment["AWS_ENDPOINT_URL_STS"]))
  const proxy = yield* Server.serve((request, response) => {
    const respond = async (): Promise<ServiceResponse> => {
      const call = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: keep(Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)),
        body: await readBody(request)
      }
      return wrong.service?.(call, forward) ?? forward(call)
    }
    respond().catch(report).then(
      ({ body, headers, status }) => response.writeHead(status, headers).end(status === 204 ? undefined : body),
      (error: unknown) => response.writeHead(500).end(String(error))
    )
  })
  const { recording, restricted } = yield* service.connect(proxy)
  const parts = { ...service.parts, restricted }

  return {
    run: async (statement, mutation) => {
      wrong = mutation?.make() ?? {}
      const outcome = await statement.run(recording.world(Local.prefix), parts)
        .then((): Outcome => ({ outcome: "holds" }), toOutcome)
      // Ends the mutation, so that the resources of the statement can be removed.
      wrong = {}
      await recording.removeCreated().catch(() => {})
      if (faults.length > 0) throw faults.splice(0)[0]
      return outcome
    }
  }
})
