import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { UnknownServiceError, ValidationException } from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import { decode, Validation } from "../support/decode.js"
import type * as Rows from "../support/operation.js"
import { Failure } from "../support/uncheckedPlanes.js"
import { breaks, control, data, fits, jwt, secret, type Subject, untyped } from "./utils.js"

interface Member {
  readonly name: string
  readonly good: ReadonlyArray<unknown>
  readonly bad: ReadonlyArray<readonly [value: unknown, constraint: string]>
}

const atLeast = (length: number) => `Member must have length greater than or equal to ${length}`
const atMost = (length: number) => `Member must have length less than or equal to ${length}`
const matching = (expression: string) => `Member must satisfy regular expression pattern: ${expression}`
const oneOf = (...values: ReadonlyArray<string>) => `Member must satisfy enum value set: [${values.join(", ")}]`
const wrongType = "Member must have another type"
const missing = "Member must not be null"
const illFormed = "Member must be well-formed Unicode"

/** A string of the service model: values at its limits, beyond them, and values that its pattern rejects. */
const string = (
  name: string,
  options: {
    readonly min: number
    readonly max: number
    readonly of?: (length: number) => string
    /** The pattern of the service model. */
    readonly pattern?: string
    readonly unmatched?: ReadonlyArray<string>
    readonly wrap?: (string: string) => unknown
  }
): Member => {
  const of = options.of ?? ((length) => "a".repeat(length))
  const wrap = options.wrap ?? identity
  // A pattern with a fixed start matches no string of the minimum length.
  const shortest = of(options.min).length === options.min ? [wrap(of(options.min))] : []
  return {
    name,
    good: [...shortest, wrap(of(options.max))],
    bad: [
      ...(options.min === 0 ? [] : [[wrap("a".repeat(options.min - 1)), atLeast(options.min)] as const]),
      [wrap(of(options.max + 1)), atMost(options.max)],
      ...(options.unmatched ?? []).map((value) => [wrap(value), matching(options.pattern ?? "")] as const)
    ]
  }
}

/** A string of any characters, used as a key or a parameter. */
const freeString = (name: string, options: Parameters<typeof string>[1]): Member => {
  const { bad, good } = string(name, options)
  const wrap = options.wrap ?? identity
  return { name, good, bad: [...bad, [wrap("\ud800"), illFormed], [wrap("a\udc00b"), illFormed]] }
}

const padded = (start: string) => (length: number): string => start.padEnd(length, "a")

const workloadName = (name: string): Member =>
  string(name, { min: 3, max: 255, pattern: "[A-Za-z0-9_.-]+", unmatched: ["with space", "ünïcode", "a/b/c"] })

const providerName = (name: string): Member =>
  string(name, { min: 1, max: 128, pattern: String.raw`[a-zA-Z0-9\-_]+`, unmatched: ["a.b", "with space", "ü"] })

const token = (name: string): Member => string(name, { min: 1, max: 131072, wrap: secret })

const sessionUri = (name: string): Member =>
  string(name, {
    min: 1,
    max: 1024,
    of: padded("urn:ietf:params:oauth:request_uri:"),
    pattern: "urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]+",
    unmatched: ["urn:ietf:params:oauth:request_uri:", "https://example.com", "urn:ietf:params:oauth:request_uri:a b"],
    wrap: secret
  })

const returnUrl = (name: string): Member =>
  string(name, {
    min: 1,
    max: 2048,
    of: padded("a:/"),
    pattern: String.raw`\w+:(\/?\/?)[^\s]+`,
    unmatched: ["example.com", "https:", "https://a b"]
  })

const key = (map: string, name: string, constraint: string): Member => ({
  name: `${map}.${name}`,
  good: [],
  bad: [["value", constraint]]
})

const tagPattern = String.raw`[a-zA-Z0-9\s._:/=+@-]*`

const tags: ReadonlyArray<Member> = [
  {
    name: "tags",
    good: [
      {},
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key-${index}`, ""])),
      { ["k".repeat(128)]: "v".repeat(256) }
    ],
    // The size is checked before the entries.
    bad: [[Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, 1])), atMost(50)]]
  },
  string("tags.key", { min: 0, max: 256, pattern: tagPattern, unmatched: ["ü", "a,b"] }),
  key("tags", "", atLeast(1)),
  key("tags", "k".repeat(129), atMost(128)),
  key("tags", "ü", matching(tagPattern))
]

const page = (max: number): ReadonlyArray<Member> => [
  {
    name: "maxResults",
    good: [1, max],
    bad: [
      [0, "Member must have value greater than or equal to 1"],
      [max + 1, `Member must have value less than or equal to ${max}`],
      [1.5, "Member must be a whole number"]
    ]
  },
  { name: "nextToken", good: [], bad: [[1, wrongType]] }
]

const required = (member: Member): Member => ({
  ...member,
  bad: [...member.bad, [absent, missing], [1, wrongType], [{}, wrongType]]
})

const absent = Symbol("absent")

/** A plane makes the name that is absent. A service requires it. */
const generated = (member: Member): Member => ({ ...member, bad: [...member.bad, [1, wrongType], [{}, wrongType]] })

const oneMemberOf = (...names: ReadonlyArray<string>) =>
  `Member must have exactly one of the members [${names.join(", ")}]`

const portal = {
  name: "limits",
  executionRoleArn: "arn:aws:iam::123456789012:role/portal",
  idpConfig: {
    credentialProviderArn:
      "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/idp",
    scopes: ["openid"]
  },
  sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
}

/** A string with a pattern, and without limits of its length. */
const patterned = (
  name: string,
  expression: string,
  good: ReadonlyArray<string>,
  unmatched: ReadonlyArray<string>
): Member => ({ name, good, bad: unmatched.map((value) => [value, matching(expression)] as const) })

// The patterns of consent portals are from the API reference.
const roleArn = patterned(
  "executionRoleArn",
  String.raw`arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@\-_/]+`,
  ["arn:aws-cn:iam::123456789012:role/service-role/A+=,.@-_b", "arn:aws-us-gov:iam::123456789012:role/a"],
  ["", "nope", "arn:aws:iam::123456789012:user/a", "arn:aws:iam::1:role/a", "arn:aws:iam::123456789012:role/a b"]
)

const portalIdentifier = required(patterned(
  "consentPortalIdentifier",
  "(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:consent-portal/)?[a-zA-Z0-9\\-_]{1,50}-[A-Za-z0-9]{10}",
  ["my_portal-0123456789", "arn:aws:bedrock-agentcore:us-west-2:123456789012:consent-portal/p-0123456789"],
  ["", "nope", "-0123456789", "arn:aws:bedrock-agentcore:us-west-2:123456789012:gateway/g-0123456789"]
))

const gateway = patterned(
  "sources.0.identifier",
  "(([0-9a-z][-]?){1,100}-[0-9a-z]{10}|arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway/([0-9a-z][-]?){1,48}-[a-z0-9]{10})",
  [`${"a".repeat(100)}-0123456789`, "arn:aws:bedrock-agentcore:us-west-2:123456789012:gateway/a-0123456789"],
  ["my-gateway", "", "A-0123456789", `${"a".repeat(101)}-0123456789`]
)

const idpConfig: ReadonlyArray<Member> = [
  required(patterned(
    "idpConfig.credentialProviderArn",
    "arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault/[a-zA-Z0-9_-]{1,64}/oauth2credentialprovider/[a-zA-Z0-9_-]{1,128}",
    [],
    ["", "idp", "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/apikeycredentialprovider/a"]
  )),
  {
    name: "idpConfig.scopes",
    good: [["openid", "https://scope.example.com/read"]],
    bad: [[[], "Member must have length greater than or equal to 1"], [absent, missing]]
  },
  string("idpConfig.scopes.0", {
    min: 1,
    max: 255,
    pattern: String.raw`[\x21\x23-\x5B\x5D-\x7E]+`,
    unmatched: ["with space", "\"", "ü"]
  })
]

const arn = "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/"

const arnPattern = "arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*"

const arnInPath: Member = {
  name: "resourceArn",
  good: [
    padded(arn)(1011),
    "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/a",
    `${arn}ü%2F?tagKeys=a&b=#c`
  ],
  bad: [[padded(arn)(1012), atMost(1011)], ["a".repeat(19), atLeast(20)], [
    "arn:aws:s3:::a-bucket-of-mine",
    matching(arnPattern)
  ]]
}

const withMember = (request: object, path: string, value: unknown): object => {
  const [name = "", ...rest] = path.split(".")
  if (Array.isArray(request) || name === "0") {
    const [item] = Array.isArray(request) ? request : []
    return [rest.length > 0 ? withMember(Object(item), rest.join("."), value) : value]
  }
  const copy: Record<string, unknown> = { ...request }
  if (rest.length > 0) copy[name] = withMember(Object(copy[name]), rest.join("."), value)
  else if (value === absent) delete copy[name]
  else copy[name] = value
  return copy
}

interface Call<Request> {
  readonly operation: Rows.Any
  readonly run: (request: Request) => Effect.Effect<
    unknown,
    { readonly _tag: string },
    DataPlane.DataPlane | ControlPlane.ControlPlane
  >
}

interface Row {
  readonly name: string
  readonly members: ReadonlyArray<Member>
  readonly call: (member: Member, value: unknown) => ReturnType<Call<unknown>["run"]>
  /** The error of the check that runs before the request is sent, or of the check of the service. */
  readonly expected: (
    checks: Subject["checks"],
    member: Member,
    value: unknown
  ) => Effect.Effect<ValidationException, unknown>
  /** The message in a response of the service. The AWS adapter removes every part of a secret that was sent. */
  readonly quoted: (member: Member, value: unknown) => (string: string) => string
}

const row = <Request>(
  { operation, run }: Call<Request>,
  request: object,
  members: ReadonlyArray<Member>
): Row => {
  const check = Validation.check(operation.request, operation.name)
  const decodeRequest = decode(operation.request)
  return {
    name: operation.name,
    members,
    call: (member, value) => run(untyped(withMember(request, member.name, value))),
    expected: (checks, member, value) =>
      Effect.map(
        Effect.flip(
          checks === "planes"
            ? Effect.fromResult(check(withMember(request, member.name, value)))
            : Effect.fromResult(decodeRequest(operation.encode(untyped(withMember(request, member.name, value)))))
        ),
        ({ fieldList, message, reason }) =>
          new ValidationException({ operation: operation.name, message, reason, fieldList })
      ),
    quoted: (member, value) => Failure.redactorOf(withMember(request, member.name, value))
  }
}

const dataCall = <Name extends keyof DataPlane.DataPlane["Service"]>(
  name: Name
): Call<Parameters<DataPlane.DataPlane["Service"][Name]>[0]> => ({
  // The row and the method of one name have the same request.
  operation: DataPlane.operations[name],
  run: (request) =>
    data((plane) => (plane[name] as (request: unknown) => Effect.Effect<unknown, { readonly _tag: string }>)(request))
})

const controlCall = <Name extends keyof Operation.Plane<typeof ControlPlane.operations>>(
  name: Name
): Call<Parameters<ControlPlane.ControlPlane["Service"][Name]>[0]> => ({
  operation: ControlPlane.operations[name],
  run: (request) =>
    control((plane) =>
      (plane[name] as (request: unknown) => Effect.Effect<unknown, { readonly _tag: string }>)(request)
    )
})

const flows = ["USER_FEDERATION", "M2M", "ON_BEHALF_OF_TOKEN_EXCHANGE"]

const rows: ReadonlyArray<Row> = [
  row(
    dataCall("getResourceOauth2Token"),
    {
      workloadIdentityToken: secret("token"),
      resourceCredentialProviderName: "calendar",
      scopes: [],
      oauth2Flow: "M2M"
    },
    [
      required(token("workloadIdentityToken")),
      required(providerName("resourceCredentialProviderName")),
      {
        name: "oauth2Flow",
        good: flows,
        bad: [["OTHER", oneOf(...flows)], ["m2m", oneOf(...flows)], [absent, missing]]
      },
      {
        name: "scopes",
        good: [[], ["a"], ["a".repeat(128), "ünï"]],
        bad: [[absent, missing], ["a", wrongType]]
      },
      freeString("scopes.0", { min: 1, max: 128 }),
      sessionUri("sessionUri"),
      returnUrl("resourceOauth2ReturnUrl"),
      { name: "forceAuthentication", good: [true, false], bad: [["true", wrongType]] },
      freeString("customState", { min: 1, max: 4096, wrap: secret }),
      {
        name: "customParameters",
        good: [{}, { ["k".repeat(256)]: "v".repeat(2048) }, { "a.b-c_D9": "ü" }],
        bad: [["a", wrongType]]
      },
      freeString("customParameters.key", { min: 1, max: 2048 }),
      key("customParameters", "", atLeast(1)),
      key("customParameters", "k".repeat(257), atMost(256)),
      key("customParameters", "with space", matching(String.raw`[a-zA-Z0-9\-_\.]+`)),
      { name: "resources", good: [[], ["a".repeat(2048)]], bad: [["a", wrongType]] },
      freeString("resources.0", { min: 1, max: 2048 }),
      { name: "audiences", good: [[], ["a".repeat(2048)]], bad: [["a", wrongType]] },
      freeString("audiences.0", { min: 1, max: 2048 })
    ]
  ),
  row(
    dataCall("completeResourceTokenAuth"),
    { sessionUri: secret("urn:ietf:params:oauth:request_uri:x"), userIdentifier: { userId: "alice" } },
    [
      required(sessionUri("sessionUri")),
      freeString("userIdentifier.userId", { min: 1, max: 128 }),
      {
        name: "userIdentifier",
        good: [],
        bad: [[absent, missing], [{ userId: "alice", userToken: jwt({}) }, oneMemberOf("userId", "userToken")]]
      }
    ]
  ),
  row(controlCall("createWorkloadIdentity"), { name: "limits" }, [
    generated(workloadName("name")),
    { name: "allowedResourceOauth2ReturnUrls", good: [[], [padded("a:/")(2048)]], bad: [["a:b", wrongType]] },
    returnUrl("allowedResourceOauth2ReturnUrls.0"),
    ...tags
  ]),
  row(controlCall("listWorkloadIdentities"), {}, page(20)),
  // An ARN is in the path, where nothing is absent, of another type, or empty.
  row(controlCall("tagResource"), { resourceArn: `${arn}a`, tags: {} }, [
    arnInPath,
    ...tags,
    { name: "tags", good: [], bad: [[absent, missing]] }
  ]),
  row(controlCall("untagResource"), { resourceArn: `${arn}a`, tagKeys: ["a"] }, [
    arnInPath,
    {
      ...string("tagKeys.0", { min: 1, max: 128, pattern: tagPattern, unmatched: ["ü", "a,b"] }),
      good: ["a", "a/b@c+d=e f:_.-", "a".repeat(128)]
    },
    {
      name: "tagKeys",
      good: [Array.from({ length: 200 }, (_, index) => `key-${index}`)],
      bad: [[Array.from({ length: 201 }, () => ""), atMost(200)]]
    }
  ]),
  row(controlCall("createConsentPortal"), portal, [
    required(string("name", { min: 1, max: 50, pattern: "[a-zA-Z0-9_-]+", unmatched: ["a.b", "with space", "ü"] })),
    required(roleArn),
    ...idpConfig,
    { name: "idpConfig", good: [], bad: [[absent, missing]] },
    {
      name: "sources",
      good: [],
      bad: [[[], atLeast(1)], [absent, missing], [[1, 2], atMost(1)]]
    },
    gateway,
    string("description", { min: 0, max: 512 }),
    ...tags
  ]),
  row(controlCall("getConsentPortal"), {}, [portalIdentifier]),
  row(
    controlCall("updateConsentPortal"),
    { consentPortalIdentifier: "portal-0123456789", idpConfig: portal.idpConfig },
    [
      portalIdentifier,
      roleArn,
      ...idpConfig,
      string("description", { min: 0, max: 512 })
    ]
  )
]

/**
 * Values at the limits of the service model: the accepted ones, and the errors of the rejected ones. `test/models`
 * compares the limits of all operations with the model. These requests have each kind of limit, and all limits of
 * consent portals, which that model does not have.
 */
export const limits = (subject: Subject): void => {
  describe("limits", () => {
    for (const { call, expected, members, name, quoted } of rows) {
      it.live(`${name}: ${members.map((member) => member.name.split(".").at(-1)?.slice(0, 30)).join(", ")}`, () =>
        Effect.gen(function*() {
          for (const member of members) {
            for (const value of member.good) {
              yield* fits(call(member, value))
            }
            for (const [value, constraint] of member.bad) {
              const isMalformed = constraint === wrongType || constraint === "Member must be a whole number"
              if (subject.checks === "service" && isMalformed) {
                const error = yield* Effect.flip(call(member, value))
                assert(error instanceof UnknownServiceError)
                assert.deepStrictEqual([error.code, error.status], ["SerializationException", 400])
                continue
              }
              const error = yield* expected(subject.checks, member, value)
              const messages = (error.fieldList ?? []).filter(({ name }) => name === member.name).map(({ message }) =>
                // In code, the message names the expected type, and the nearest value.
                subject.checks === "planes"
                  ? message.replace(/^Member must be .+, but is .+$/, wrongType).replace(/; did you mean '.+'\?$/, "")
                  : message
              )
              assert.include(messages, constraint)
              yield* breaks(
                subject,
                call(member, value),
                error,
                subject.checks === "service" ? quoted(member, value) : identity
              )
            }
          }
        }).pipe(Effect.provide(subject.layer())))
    }
  })
}
