import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { changes, full, future } from "../models/responseChanges.js"
import type * as Rows from "../support/operation.js"
import { operations as clientOperations } from "../support/serviceModel.js"
import { ofClient } from "../support/shape.js"
import { clear } from "../support/utils.js"
import { type AllPlanes, json, operations as calls, raw, type Server, server } from "./utils.js"

type Call = Effect.Effect<unknown, { readonly _tag: string; readonly message?: string }>

interface Row {
  readonly operation: Rows.Any
  readonly call: (planes: Context.Context<AllPlanes>) => Call
}

const rows: ReadonlyArray<Row> = [
  ...Object.values<Rows.Any>(DataPlane.operations),
  ...Object.values<Rows.Any>(ControlPlane.operations)
].map((operation) => {
  const call = calls.find(([name]) => name === operation.name)?.[1]
  return {
    operation,
    call: (planes) =>
      call?.({
        data: Context.get(planes, DataPlane.DataPlane),
        control: Context.get(planes, ControlPlane.ControlPlane)
      })
        ?? Effect.die(new Error(`no call of ${operation.name}`))
  }
})

const shapes = new Map(clientOperations.map(({ name, output, shapes }) => [name, ofClient(shapes, output)]))

/** Responses that have more than one form. */
const more: { readonly [operation: string]: ReadonlyArray<unknown> } = {
  GetResourceOauth2Token: [
    {
      authorizationUrl: "https://a.example/authorize?request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aa",
      sessionUri: "urn:ietf:params:oauth:request_uri:a",
      sessionStatus: "IN_PROGRESS"
    },
    { sessionStatus: "IN_PROGRESS" },
    { sessionStatus: "FAILED" },
    {}
  ]
}

/** The response to a call. */
const ask = (row: Row, planes: Context.Context<AllPlanes>, http: Server, respond: unknown) => {
  http.respond = json(row.operation.status, respond)
  return Effect.result(row.call(planes))
}

const explain = (result: Result.Result<unknown, { readonly _tag: string; readonly message?: string }>): string =>
  Result.isFailure(result) ? `: ${result.failure._tag} ${result.failure.message}` : ""

const results: ReadonlyArray<
  readonly [
    name: string,
    members: Readonly<Record<string, string>>,
    call: (sts: SecurityTokenService.SecurityTokenService["Service"]) => Call
  ]
> = [
  [
    "GetWebIdentityToken",
    { WebIdentityToken: "a.b.c", Expiration: "2026-01-02T03:04:05Z" },
    (sts) => sts.getWebIdentityToken({ audience: ["audience"], signingAlgorithm: "ES384" })
  ],
  [
    "GetCallerIdentity",
    { Arn: "arn:aws:sts::123456789012:assumed-role/a/b", UserId: "A:b", Account: "123456789012" },
    (sts) => sts.getCallerIdentity({})
  ]
]

const element = (name: string, content: string) => `<${name}>${content}</${name}>`

const strangers = [
  "<OfTomorrow>a</OfTomorrow>",
  "<OfTomorrow/>",
  "<OfTomorrow><member>1</member><a b=\"c\"/></OfTomorrow>"
]

/** The response, and one variant for each place of an unknown element. */
const documents = (name: string, members: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const document = (atResult: string, atMetadata: string, atEnd: string) =>
    element(
      `${name}Response`,
      element(
        `${name}Result`,
        Object.entries(members).map(([member, value]) => element(member, value)).join("") + atResult
      ) + element("ResponseMetadata", element("RequestId", "request-1") + atMetadata) + atEnd
    ).replace(">", " xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">")
  return [
    document("", "", ""),
    ...strangers.flatMap((stranger) => [
      document(stranger, "", ""),
      document("", stranger, ""),
      document("", "", stranger)
    ])
  ]
}

/** Every response that AWS may send without a new version of the service is decoded. */
export const futureResponses = (layer: (endpoint: string) => Layer.Layer<AllPlanes, unknown>): void => {
  /** One client for all responses of a test. */
  const connect = Effect.gen(function*() {
    const http = yield* server(json(200, {}))
    return { http, planes: yield* Layer.build(layer(http.url)) }
  })

  describe("responses with unknown members and values", () => {
    for (const row of rows) {
      const { name } = row.operation
      it.live(`are decoded: ${name}`, () =>
        Effect.gen(function*() {
          const { http, planes } = yield* connect
          const shape = shapes.get(name)
          assert(shape !== undefined, name)
          const lost: Array<string> = []
          const dropped: Array<string> = []
          const tried = new Set<string>()
          for (const [index, respond] of [...full(shape), ...more[name] ?? []].entries()) {
            const known = yield* ask(row, planes, http, respond)
            assert(Result.isSuccess(known), `${name}${explain(known)}`)
            for (const { isKnown, value, subject } of changes(shape, respond, name)) {
              // The other variants of a union have the same places.
              const key = name in more ? `${index} ${subject}` : subject
              if (tried.has(key)) continue
              tried.add(key)
              const result = yield* ask(row, planes, http, value)
              if (Result.isFailure(result)) lost.push(`${subject}${explain(result)}`)
              else if (isKnown && !(name in more) && !JSON.stringify(clear(result.success)).includes(future)) {
                dropped.push(subject)
              }
            }
          }
          assert.deepStrictEqual(lost, [])
          assert.deepStrictEqual(dropped, [])
          assert.isAbove(tried.size, 0)
        }))
    }

    it.live("are decoded: exceptions with unknown members, reasons and names", () =>
      Effect.gen(function*() {
        const { http, planes } = yield* connect
        const members = {
          message: "the reason",
          reason: future,
          fieldList: [{ name: "a", message: "b", ofTomorrow: 1 }],
          ofTomorrow: { a: [future] }
        }
        for (const row of rows) {
          const { errors, name } = row.operation
          for (const tag of [...errors.map(({ _tag }) => _tag), future]) {
            http.respond = json(400, members, { "x-amzn-errortype": tag })
            const result = yield* Effect.result(row.call(planes))
            assert(Result.isFailure(result), name)
            const expected = tag === future ? "UnknownServiceError" : tag
            assert.strictEqual(result.failure._tag, expected, `${name} ${tag}`)
            if (tag === "ValidationException") assert.include(JSON.stringify(result.failure), future)
          }
        }
      }))

    it("cover every operation of STS", () => {
      assert.sameMembers(
        results.map(([name]) => name),
        Object.values(SecurityTokenService.operations).map(({ name }) => name)
      )
    })

    for (const [name, members, call] of results) {
      it.live(`are decoded: ${name}`, () =>
        Effect.gen(function*() {
          const { http, planes } = yield* connect
          for (const document of documents(name, members)) {
            http.respond = raw(200, document)
            const result = yield* Effect.result(call(Context.get(planes, SecurityTokenService.SecurityTokenService)))
            assert(Result.isSuccess(result), `${document}${explain(result)}`)
          }
        }))
    }
  })
}
