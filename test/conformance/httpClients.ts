/**
 * The planes of `AwsPlanes.layerHttp`, with the methods and the errors of the AWS clients. Requests are not checked
 * before they are sent: the service does that.
 */
import type { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import type { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
import type { STS } from "@aws-sdk/client-sts"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type * as Rows from "../support/operation.js"
import * as UncheckedPlanes from "../support/uncheckedPlanes.js"
import { type ClientOptions, record, type Recorded, type Recording } from "./clients.js"

type Members = Readonly<Record<string, unknown>>

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

/** The members of STS begin with a capital letter, and its tags are a list. */
const fromSts = (input: Members): Members =>
  Record.mapEntries(input, (value, name) => [
    lowerFirst(name),
    name === "Tags"
      // The type of the AWS client.
      ? Object.fromEntries(
        (value as ReadonlyArray<{ Key: string; Value: string }>).map(({ Key, Value }) => [Key, Value])
      )
      : value
  ])

const toSts = (output: Members): Members => Record.mapKeys(output, upperFirst)

/** An error as the AWS clients have it. */
const toSdkError = (error: object, status: number | undefined): Error => {
  const { _tag, code, fieldList, message } = error as Members
  return Object.assign(new Error(String(message)), {
    name: String(_tag === "UnknownServiceError" ? code : _tag),
    fieldList,
    $metadata: { httpStatusCode: status }
  })
}

interface Methods {
  readonly [method: string]: (input?: Members) => unknown
}

const makeMethods = (
  table: Rows.Table,
  plane: object,
  { succeeded }: Recorded,
  status: () => number | undefined,
  [toRequest, toOutput]: readonly [(input: Members) => Members, (output: Members) => Members]
): Methods => {
  const methods: Record<string, (input?: Members) => unknown> = {}
  for (const [method, row] of Object.entries(table)) {
    // The plane has the methods of its table, and each row encodes the responses of its operation.
    const run = Reflect.get(plane, method) as (request: unknown) => Effect.Effect<unknown, object>
    const encode = row.response.encode as (response: unknown) => Members
    const call = (input: Members = {}): Promise<Members> =>
      Effect.runPromise(
        Effect.catch(run(toRequest(input)), (error) => Effect.sync(() => toSdkError(error, status())))
      ).then((response) => {
        if (response instanceof Error) throw response
        const output = toOutput(encode(response))
        succeeded(row.name, input, output)
        return output
      })
    methods[lowerFirst(row.name)] = call
    methods[`paginate${row.name}`] = async function*(_, input: Members = {}) {
      let nextToken: unknown
      do {
        const page: Members = await call({ ...input, nextToken })
        yield page
        nextToken = page["nextToken"]
      } while (nextToken !== undefined)
    }
  }
  return methods
}

const unchanged = [(members: Members) => members, (members: Members) => members] as const

/** `fetch` that reports its calls, and applies the change that a statement requests. */
const makeFetch = ({ exchanged, takeChange }: Recorded): typeof fetch => async (input, init) => {
  const change = takeChange()
  const text = init?.body instanceof Uint8Array ? Buffer.from(init.body).toString("utf8") : String(init?.body ?? "")
  const response = await fetch(
    input,
    change === undefined ? init : { ...init, body: JSON.stringify(change(JSON.parse(text))) }
  )
  const body = await response.text()
  const { headers, status } = response
  exchanged({ host: new URL(String(input)).hostname, status, headers: Object.fromEntries(headers), body })
  return new Response(body === "" ? null : body, { status, headers })
}

/** `AwsPlanes.layerHttp` over `fetch`. */
export const makeHttpClients = ({ credentials, endpoint, region }: ClientOptions): Recording =>
  record((recorded) => {
    const scope = Effect.runSync(Scope.make())
    let status: number | undefined
    const exchanged: Recorded["exchanged"] = (exchange) => {
      status = exchange.status
      recorded.exchanged(exchange)
    }
    const planes = UncheckedPlanes.layerHttp({
      endpoint,
      region,
      credentials: credentials === undefined
        ? undefined
        : { ...credentials, secretAccessKey: Redacted.make(credentials.secretAccessKey) }
    }).pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, makeFetch({ ...recorded, exchanged })))
    )
    const context = Effect.runSync(Scope.provide(Layer.build(planes), scope))
    const methods = (
      table: Rows.Table,
      plane: object,
      forms: Parameters<typeof makeMethods>[4] = unchanged
    ) => makeMethods(table, plane, recorded, () => status, forms)
    return {
      // The methods that statements use, by the names of the AWS clients.
      control: methods(
        ControlPlane.operations,
        Context.get(context, ControlPlane.ControlPlane)
      ) as unknown as BedrockAgentCoreControl,
      data: methods(DataPlane.operations, Context.get(context, DataPlane.DataPlane)) as unknown as BedrockAgentCore,
      sts: methods(
        SecurityTokenService.operations,
        Context.get(context, SecurityTokenService.SecurityTokenService),
        [fromSts, toSts]
      ) as unknown as STS,
      close: () => Effect.runFork(Scope.close(scope, Exit.void))
    }
  })
