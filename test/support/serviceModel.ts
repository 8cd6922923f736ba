/**
 * Service models for botocore, of the identity operations of both planes, made from the schemas of the AWS SDK clients:
 * Debian's boto3 is older than AgentCore. Lengths are not in those schemas, so boto3 validates required members and
 * types alone.
 */
import * as DataClient from "@aws-sdk/client-bedrock-agentcore"
import * as ControlClient from "@aws-sdk/client-bedrock-agentcore-control"
import * as StsClient from "@aws-sdk/client-sts"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

interface Traits {
  readonly http?: readonly [method: string, uri: string, status: number]
  readonly httpError?: number
  readonly httpQuery?: string
  readonly httpLabel?: unknown
  readonly sensitive?: unknown
}

/**
 * How the clients write a schema: a number, an array that begins with a number, either of them in a function or with
 * traits.
 */
type Schema = number | ReadonlyArray<unknown> | (() => Schema)

type Shape = Readonly<Record<string, unknown>>

const traitsOf = (traits: unknown): Traits =>
  typeof traits === "object" && traits !== null
    ? traits
    : { ...Number(traits) & 1 ? { httpLabel: 1 } : undefined, ...Number(traits) & 8 ? { sensitive: 1 } : undefined }

const simple: Record<number, readonly [name: string, shape: Shape]> = {
  0: ["String", { type: "string" }],
  1: ["Integer", { type: "integer" }],
  2: ["Boolean", { type: "boolean" }],
  4: ["Timestamp", { type: "timestamp" }],
  5: ["TimestampDateTime", { type: "timestamp", timestampFormat: "iso8601" }],
  7: ["TimestampEpochSeconds", { type: "timestamp", timestampFormat: "unixTimestamp" }],
  15: ["Document", { type: "structure", members: {}, document: true }],
  21: ["Blob", { type: "blob" }]
}

/**
 * Takes the identity operations of a client, or the operations of these names. STS has no HTTP traits: it is a query
 * protocol.
 */
const make = (
  client: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, string>>,
  names?: ReadonlyArray<string>
) => {
  const shapes: Record<string, Shape> = {}
  const operations: Record<string, {
    readonly name: string
    readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode: number }
    readonly input: { readonly shape: string }
    readonly output: { readonly shape: string }
  }> = {}
  const paginators: Record<string, unknown> = {}

  /** The name of the shape of a schema. Schemas refer to each other in circles. */
  const shapeOf = (schema: Schema): string => {
    if (typeof schema === "function") return shapeOf(schema())
    if (typeof schema === "number") {
      if (schema & 64) {
        const member = shapeOf(schema & ~64)
        shapes[`${member}List`] = { type: "list", member: { shape: member } }
        return `${member}List`
      }
      if (schema & 128) {
        const value = shapeOf(schema & ~128)
        shapes[`${value}Map`] = { type: "map", key: { shape: shapeOf(0) }, value: { shape: value } }
        return `${value}Map`
      }
      const [name, shape] = simple[schema] ?? []
      if (name === undefined || shape === undefined) {
        throw new Error(`the clients have a schema ${schema} that is unknown here`)
      }
      shapes[name] = shape
      return name
    }
    // This is the client's own type of static schemas.
    const [kind, , name, traits, ...more] = schema as [number, string, string, unknown, ...Array<unknown>]
    if (shapes[name] !== undefined) return name
    shapes[name] = {}
    const common = traitsOf(traits).sensitive === undefined ? {} : { sensitive: true }
    switch (kind) {
      case 0:
        shapes[name] = { ...shapes[shapeOf(more[0] as Schema)], ...common }
        break
      case 1:
        shapes[name] = { type: "list", member: { shape: memberOf(more[0] as Schema)[0] }, ...common }
        break
      case 2:
        shapes[name] = {
          type: "map",
          key: { shape: memberOf(more[0] as Schema)[0] },
          value: { shape: memberOf(more[1] as Schema)[0] },
          ...common
        }
        break
      case 3:
      case 4:
      case -3: {
        const names = more[0] as Array<string>
        const members = more[1] as Array<Schema>
        const { httpError } = traitsOf(traits)
        shapes[name] = {
          type: "structure",
          members: Object.fromEntries(members.map((member, index) => {
            const [shape, { httpLabel, httpQuery }] = memberOf(member)
            return [names[index], {
              shape,
              ...httpLabel === undefined ? undefined : { location: "uri", locationName: names[index] },
              ...httpQuery === undefined ? undefined : { location: "querystring", locationName: httpQuery }
            }]
          })),
          // Required members come first.
          required: names.slice(0, Number(more[2] ?? 0)),
          ...kind === 4 ? { union: true } : undefined,
          ...kind === -3 ? { exception: true, error: { httpStatusCode: httpError } } : undefined,
          ...common
        }
        break
      }
      default:
        throw new Error(`the clients have a schema of the kind ${kind} that is unknown here`)
    }
    return name
  }

  const memberOf = (schema: Schema): readonly [shape: string, traits: Traits] =>
    Array.isArray(schema) && schema.length === 2
      ? [shapeOf(schema[0]), traitsOf(schema[1])]
      : [shapeOf(schema), {}]

  for (const schema of Object.values(client)) {
    if (!Array.isArray(schema)) continue
    const [kind, , name, traits, input, output] = schema
    if (kind === -3) shapeOf(schema)
    const { http = ["POST", "/", 200] } = traitsOf(traits)
    const [method, requestUri, responseCode] = http
    if (kind !== 9 || !(names?.includes(name) ?? /^\/(identities|tags)\//.test(requestUri))) continue
    const shape = shapeOf(output)
    operations[name] = {
      name,
      http: { method, requestUri, responseCode },
      input: { shape: shapeOf(input) },
      output: { shape }
    }
    const members = Object.keys(shapes[shape]?.["members"] ?? {})
    if (members.includes("nextToken")) {
      paginators[name] = {
        input_token: "nextToken",
        output_token: "nextToken",
        limit_key: "maxResults",
        result_key: members.find((member) => member !== "nextToken")
      }
    }
  }
  return {
    service: {
      version: "2.0",
      metadata: {
        protocol: "rest-json",
        protocols: ["rest-json"],
        jsonVersion: "1.1",
        signatureVersion: "v4",
        signingName: "bedrock-agentcore",
        serviceFullName: metadata["serviceId"],
        ...metadata
      },
      operations,
      shapes
    },
    paginators: { pagination: paginators }
  }
}

const models = {
  "bedrock-agentcore/2024-02-28": make(DataClient, {
    apiVersion: "2024-02-28",
    endpointPrefix: "bedrock-agentcore",
    serviceId: "Bedrock AgentCore",
    uid: "bedrock-agentcore-2024-02-28"
  }),
  "bedrock-agentcore-control/2023-06-05": make(ControlClient, {
    apiVersion: "2023-06-05",
    endpointPrefix: "bedrock-agentcore-control",
    serviceId: "Bedrock AgentCore Control",
    uid: "bedrock-agentcore-control-2023-06-05"
  })
}

export interface Member {
  readonly shape: string
  readonly location?: "uri" | "querystring"
  readonly locationName?: string
}

/** A shape of a service model, as far as the tests look at it. */
export interface AnyShape {
  readonly type: "structure" | "list" | "map" | "string" | "integer" | "boolean" | "timestamp" | "blob"
  readonly members?: Readonly<Record<string, Member>>
  readonly required?: ReadonlyArray<string>
  readonly member?: Member
  readonly key?: Member
  readonly value?: Member
  readonly union?: boolean
}

export interface Operation {
  readonly name: string
  readonly method: string
  readonly uri: string
  readonly status: number
  readonly input: AnyShape
  readonly output: AnyShape
  readonly shapes: Readonly<Record<string, AnyShape>>
}

const operationsOf = ({ service }: ReturnType<typeof make>): ReadonlyArray<Operation> => {
  // They were created above, in this form.
  const shapes = service.shapes as unknown as Record<string, AnyShape>
  return Object.values(service.operations).flatMap(({ http, name, ...operation }) => {
    const input = shapes[operation.input.shape]
    const output = shapes[operation.output.shape]
    return input === undefined || output === undefined
      ? []
      : [{ name, method: http.method, uri: http.requestUri, status: http.responseCode, input, output, shapes }]
  })
}

/** The identity operations of both planes. */
export const operations: ReadonlyArray<Operation> = Object.values(models).flatMap(operationsOf)

/** Operations of STS. */
export const stsOperations = (names: ReadonlyArray<string>): ReadonlyArray<Operation> =>
  operationsOf(make(StsClient, { serviceId: "STS" }, names))

/** Fills a directory for `AWS_DATA_PATH`. */
export const write = (directory: string): void => {
  for (const [name, { paginators, service }] of Object.entries(models)) {
    mkdirSync(join(directory, name), { recursive: true })
    writeFileSync(join(directory, name, "service-2.json"), JSON.stringify(service))
    writeFileSync(join(directory, name, "paginators-1.json"), JSON.stringify(paginators))
  }
}
