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

const role = String.raw`arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@\-_/]+`
const portalIdentifier =
  "(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:consent-portal/)?[a-zA-Z0-9\\-_]{1,50}-[A-Za-z0-9]{10}"
const tag = String.raw`[a-zA-Z0-9\s._:/=+@-]*`

const idpLimits: { readonly [path: string]: Partial<Shape> } = {
  "idpConfig.credentialProviderArn": {
    pattern:
      "arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault/[a-zA-Z0-9_-]{1,64}/oauth2credentialprovider/[a-zA-Z0-9_-]{1,128}"
  },
  "idpConfig.scopes": { min: 1 },
  "idpConfig.scopes[]": { min: 1, max: 255, pattern: String.raw`[\x21\x23-\x5B\x5D-\x7E]+` }
}

/** The limits of consent portals, from the API reference and the developer guide. */
const portalLimits: { readonly [operation: string]: { readonly [path: string]: Partial<Shape> } } = {
  CreateConsentPortal: {
    name: { min: 1, max: 50, pattern: "[a-zA-Z0-9_-]+" },
    executionRoleArn: { pattern: role },
    ...idpLimits,
    sources: { min: 1, max: 1 },
    "sources[].identifier": {
      pattern:
        "(([0-9a-z][-]?){1,100}-[0-9a-z]{10}|arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway/([0-9a-z][-]?){1,48}-[a-z0-9]{10})"
    },
    "sources[].type": { enum: ["agentcore-gateway"] },
    description: { max: 512 },
    tags: { max: 50 },
    "tags{key}": { min: 1, max: 128, pattern: tag },
    "tags{value}": { max: 256, pattern: tag },
    clientToken: { min: 1, max: 256 }
  },
  GetConsentPortal: { consentPortalIdentifier: { pattern: portalIdentifier } },
  UpdateConsentPortal: {
    consentPortalIdentifier: { pattern: portalIdentifier },
    executionRoleArn: { pattern: role },
    ...idpLimits,
    description: { max: 512 }
  },
  DeleteConsentPortal: { consentPortalIdentifier: { pattern: portalIdentifier } },
  ListConsentPortals: { maxResults: { min: 1, max: 100 } }
}

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

const isLimit = (fact: string): boolean => /: (min|max|pattern|one of) /.test(fact)

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
  const bare = (shape: Shape, name: string) => facts(shape, name).filter((fact) => !isLimit(fact))

  it.each(clientOperations)("have the members of the AWS client: $name", ({ input, name, shapes }) => {
    // The developer guide documents it, and the client does not have it.
    const ours = bare(ofRequest(name), name).filter((fact) => !fact.startsWith("CreateConsentPortal.clientToken"))
    same(ours, bare(ofClient(shapes, input), name))
  })

  it.each(Object.entries(portalLimits))("have the limits of %s", (name, members) => {
    const shapes = Object.entries(members).map(([path, limits]) =>
      [anchored({ type: "string", ...limits }), `${name}.${path}`] as const
    )
    same(
      facts(ofRequest(name), name).filter(isLimit),
      shapes.flatMap(([shape, path]) => facts(shape, path)).filter(isLimit)
    )
    same(expressions(ofRequest(name), name), shapes.flatMap(([shape, path]) => expressions(shape, path)))
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
