import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { Validation } from "../support/decode.js"
import { requests } from "../support/operations.js"
import { operations as clientOperations } from "../support/serviceModel.js"
import { expressions, facts, ModelShape, ofClient, ofSchema, type Shape } from "../support/shape.js"

const Limits = Schema.Struct({
  operations: Schema.Record(Schema.String, Schema.Struct({ input: ModelShape }))
})

/** The limits of the service models in botocore, which have no consent portals. */
const { operations: limits } = Schema.decodeUnknownSync(Schema.fromJsonString(Limits))(
  readFileSync(new URL("aws-limits.json", import.meta.url), "utf8")
)

/** Intended differences from the service model: our fact, and its fact. */
const exceptions: ReadonlyArray<{
  readonly member: RegExp
  readonly ours: string
  readonly model: string
  readonly reason: string
}> = [
  {
    member: /\.resourceArn$/,
    ours: "pattern ^arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\\/[^/]+)(?:\\/[a-z0-9-]+\\/[^/]+)*$",
    model:
      "pattern ^(?:arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\\/[^/]+)(?:\\/[a-z-]+\\/[^/]+)*)$",
    reason: "Live ARNs of OAuth2 credential providers have a digit: oauth2credentialprovider"
  },
  {
    member: /\.discoveryUrl$/,
    ours: "pattern ^[^\\s?#]+\\/\\.well-known\\/(openid-configuration|oauth-authorization-server(\\/[^\\s?#]*)?)$",
    model: "pattern ^(?:.+\\/\\.well-known\\/(openid-configuration|oauth-authorization-server))$",
    reason: "Since 2026-11-05 a path can follow (RFC 8414), which this service model does not have yet"
  },
  {
    member: /\.userToken$/,
    ours:
      "pattern ^(?:[A-Za-z0-9-_=]{5,}|[A-Za-z0-9-_=]{3,}[^A-Za-z0-9-_=\\x0A\\x0D\\u2028\\u2029][A-Za-z0-9-_=]+|[A-Za-z0-9-_=]+[^A-Za-z0-9-_=\\x0A\\x0D\\u2028\\u2029][A-Za-z0-9-_=]{3,}|[A-Za-z0-9-_=]+[^A-Za-z0-9-_=\\x0A\\x0D\\u2028\\u2029][A-Za-z0-9-_=]+[^A-Za-z0-9-_=\\x0A\\x0D\\u2028\\u2029][A-Za-z0-9-_=]+)$",
    model: "pattern ^(?:[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+.[A-Za-z0-9-_=]+)$",
    reason: "The same strings: the dots of the model match any character, so a long string would take hours"
  }
]

const anchored = (shape: Shape): Shape => ({
  ...shape,
  ...shape.pattern === undefined ? {} : { pattern: `^(?:${shape.pattern})$`, expression: shape.pattern },
  ...shape.members === undefined
    ? {}
    : { members: Object.fromEntries(Object.entries(shape.members).map(([name, member]) => [name, anchored(member)])) },
  ...shape.item === undefined ? {} : { item: anchored(shape.item) },
  ...shape.key === undefined ? {} : { key: anchored(shape.key) },
  ...shape.value === undefined ? {} : { value: anchored(shape.value) }
})

const excepted = (fact: string): string => {
  const [member = ""] = fact.split(": ", 1)
  const found = exceptions.find((exception) => exception.member.test(member) && fact === `${member}: ${exception.ours}`)
  return found === undefined ? fact : `${member}: ${found.model}`
}

const ofRequest = (name: string): Shape => {
  const ast = requests.get(name)
  if (ast === undefined) throw new Error(`no operation ${name}`)
  return ofSchema(ast)
}

const same = (ours: ReadonlyArray<string>, model: ReadonlyArray<string>): void => {
  assert.deepStrictEqual([...ours].sort(), [...model].sort())
}

describe("requests of the service model", () => {
  it("exist for every operation", () => {
    same([...requests.keys()], clientOperations.map(({ name }) => name))
    same(
      [...requests.keys()].filter((name) => !name.includes("ConsentPortal")),
      Object.keys(limits)
    )
  })

  it.each(Object.entries(limits))("have the members and limits of %s", (name, { input }) => {
    same(facts(ofRequest(name), name).map(excepted), facts(anchored(input), name))
  })

  it.each(Object.entries(limits))("have messages with the expressions of %s", (name, { input }) => {
    same(expressions(ofRequest(name), name), expressions(anchored(input), name))
  })

  // Without limits and enumerations, because the clients do not have them.
  const bare = (shape: Shape, name: string) =>
    facts(shape, name).filter((fact) => !/: (min|max|pattern|one of) /.test(fact))

  it.each(clientOperations)("have the members of the AWS client: $name", ({ input, name, shapes }) => {
    // The developer guide documents it, and the client does not have it.
    const ours = bare(ofRequest(name), name).filter((fact) => !fact.startsWith("CreateConsentPortal.clientToken"))
    same(ours, bare(ofClient(shapes, input), name))
  })

  it("have maps under the names that the decoder of requests knows, and no other member under them", () => {
    const members = (shape: Shape): ReadonlyArray<readonly [name: string, isMap: boolean]> => [
      ...Object.entries(shape.members ?? {}).flatMap(([name, member]) => [
        [name, member.value !== undefined] as const,
        ...members(member)
      ]),
      ...shape.item === undefined ? [] : members(shape.item)
    ]
    for (const name of requests.keys()) {
      for (const [member, isMap] of members(ofRequest(name))) {
        assert.strictEqual(Validation.isMap(member), isMap, `${name} ${member}`)
      }
    }
  })

  it("differ only by the listed exceptions", () => {
    const ours = [...requests.keys()].flatMap((name) => facts(ofRequest(name), name))
    for (const { member, ours: fact } of exceptions) {
      assert(ours.some((line) => member.test(line.split(": ", 1)[0] ?? "") && line.endsWith(`: ${fact}`)), `${member}`)
    }
  })
})
