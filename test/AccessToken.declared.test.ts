// A declared credential and the same inline request make the same calls to the planes, through every function.
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as HttpClientCredentials from "effect-agentcore-identity/http/HttpClientCredentials"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import * as Identity from "effect-agentcore-identity/Identity"
import type * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import type * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import { declarations, steps } from "./support/declarations.js"
import { rounds } from "./support/rounds.js"
import { responses, same, scripted, secret } from "./support/utils.js"

class Rejected extends Data.TaggedError("Rejected")<{ readonly status: number }> {}

const rejected = (error: Rejected) => error.status === 401

const url = "https://api.example.com"

const origins = [url] as const

/** A client whose resource rejects the first credentials. */
const client = (rejections: number) => {
  let left = rejections
  return HttpClient.make((request) =>
    Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(null, { status: left-- > 0 ? 401 : 200 })))
  )
}

/** Uses a credential that the resource rejects at first. Returns the accepted one. */
const using = (rejections: number) => {
  let left = rejections
  return (credential: Redacted.Redacted) =>
    Effect.suspend(() => left-- > 0 ? Effect.fail(new Rejected({ status: 401 })) : Effect.succeed(credential))
}

type Program = Effect.Effect<
  unknown,
  unknown,
  Identity.Identity | WorkloadAccessToken.WorkloadAccessToken | SecurityTokenService.SecurityTokenService
>

/** Two programs that must make the same calls. */
type Pair = readonly [name: string, declared: Program, inline: Program]

type ResponseNames = ReadonlyArray<keyof typeof responses>

/** Runs programs one after the other over the same planes, each from the first scripted response. */
const withPlanes = (
  body: (compare: (pairs: ReadonlyArray<Pair>, responseNames?: ResponseNames) => Promise<number>) => Promise<void>
) =>
  Effect.gen(function*() {
    let [next, responseNames]: [number, ResponseNames] = [0, []]
    const context = yield* Layer.build(Layer.merge(
      scripted({
        getResourceOauth2Token: () =>
          Effect.suspend(() => {
            const response = responseNames[next++] ?? "issued"
            return response === "issued" ? responses.issued(`token-${next}`) : responses[response]
          }),
        getResourceApiKey: () => Effect.sync(() => ({ apiKey: secret(`key-${next++}`) })),
        getWebIdentityToken: () =>
          Effect.sync(() => ({ webIdentityToken: secret(`jwt-${next++}`), expiration: DateTime.makeUnsafe(0) }))
      }),
      TestClock.layer()
    ))
    const { calls } = Context.get(context, ScriptedPlanes.ScriptedPlanes)
    const outcome = (program: Program) =>
      Effect.runPromiseWith(context)(Effect.gen(function*() {
        next = 0
        const before = (yield* calls).length
        const result = yield* Effect.result(program)
        return {
          result,
          calls: (yield* calls).slice(before).map(({ operation, request }) => ({ operation, request }))
        }
      }))
    yield* Effect.promise(() =>
      body(async (pairs, first = []) => {
        responseNames = first
        let made = 0
        for (const [name, declared, inline] of pairs) {
          const [expected, actual] = [await outcome(inline), await outcome(declared)]
          same({ name, ...actual }, { name, ...expected })
          assert.isAbove(expected.calls.length, 0, name)
          made += expected.calls.length
        }
        return made
      })
    )
  })

const numRuns = rounds({ few: 20, full: 100 })

describe("calls of a declared credential and of the same inline request", () => {
  /** Polls again at once. */
  const poll: TokenPoller.TokenPoller = ({ poll }) =>
    Effect.map(Effect.repeat(poll, { until: Option.isSome }), Option.getOrThrow)

  it.live("are equal for an access token", () =>
    withPlanes((compare) =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          declarations,
          steps,
          FastCheck.nat(2),
          async (declaration, responseNames, rejections) => {
            class Declared extends AccessToken.Tag<Declared>()("test/Declared", declaration) {}
            const shown: Record<"declared" | "inline", Array<ConsentSession>> = { declared: [], inline: [] }
            const optionsOf = (how: keyof typeof shown) => ({
              consent: (session: ConsentSession) => Effect.sync(() => void shown[how].push(session)),
              poll
            })
            const options = optionsOf("declared")
            const inline = { ...declaration, ...optionsOf("inline") }
            const into = { ...inline, into: Declared }
            const http = { origins, reauthenticate: true, stepUp: true }
            const status = Effect.map(({ status }: HttpClientResponse.HttpClientResponse) => status)
            await compare([
              [
                "withAccessToken",
                AccessToken.withAccessToken(Declared, Declared, options),
                AccessToken.withAccessToken(Effect.map(Declared, identity), into)
              ],
              [
                "withAccessToken, in a pipe",
                Declared.pipe(AccessToken.withAccessToken(Declared, options)),
                Declared.pipe(AccessToken.withAccessToken(into))
              ],
              [
                "withAccessToken, without options",
                AccessToken.withAccessToken(Declared, Declared),
                AccessToken.withAccessToken(Declared, { ...declaration, into: Declared })
              ],
              [
                "makeWithAccessToken",
                Effect.flatMap(AccessToken.makeWithAccessToken, (provide) => Declared.pipe(provide(Declared, options))),
                Effect.flatMap(AccessToken.makeWithAccessToken, (provide) => Declared.pipe(provide(into)))
              ],
              ["get", AccessToken.get(Declared, options), AccessToken.get(inline)],
              [
                "Identity.getAccessToken",
                Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(Declared, options)),
                Effect.flatMap(Identity.Identity, (identity) => identity.getAccessToken(inline))
              ],
              [
                "use",
                AccessToken.use(Declared, using(rejections), { rejected, reauthenticate: true, ...options }),
                AccessToken.use(inline, using(rejections), { rejected, reauthenticate: true })
              ],
              [
                "HttpClientCredentials.withAccessToken",
                status(
                  HttpClientCredentials.withAccessToken(client(rejections), Declared, { ...http, ...options }).get(url)
                ),
                status(
                  client(rejections).pipe(
                    HttpClientCredentials.withAccessToken(Declared, { ...http, ...optionsOf("inline") })
                  ).get(url)
                )
              ]
            ], responseNames)
            same(shown.declared, shown.inline)
          }
        ),
        { numRuns }
      )
    ))

  it.live("are equal for an API key", () =>
    withPlanes(async (compare) => {
      class Declared extends ApiKey.Tag<Declared>()("test/Declared", { provider: "weather" }) {}
      const inline = { provider: "weather" }
      const into = { ...inline, into: Declared }
      const http = { origins, header: "x-api-key" }
      for (const rejections of [0, 1, 2]) {
        const calls = await compare([
          ["withApiKey", ApiKey.withApiKey(Declared, Declared), ApiKey.withApiKey(Declared, into)],
          [
            "withApiKey, in a pipe",
            Declared.pipe(ApiKey.withApiKey(Declared)),
            Declared.pipe(ApiKey.withApiKey(into))
          ],
          [
            "makeWithApiKey",
            Effect.flatMap(ApiKey.makeWithApiKey, (provide) => Declared.pipe(provide(Declared))),
            Effect.flatMap(ApiKey.makeWithApiKey, (provide) => Declared.pipe(provide(into)))
          ],
          ["get", ApiKey.get(Declared), ApiKey.get(inline)],
          [
            "Identity.getApiKey",
            Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey(Declared)),
            Effect.flatMap(Identity.Identity, (identity) => identity.getApiKey(inline))
          ],
          [
            "use",
            ApiKey.use(Declared, using(rejections), { rejected }),
            ApiKey.use(inline, using(rejections), { rejected })
          ],
          [
            "HttpClientCredentials.withApiKey",
            Effect.asVoid(HttpClientCredentials.withApiKey(client(rejections), Declared, http).get(url)),
            Effect.asVoid(client(rejections).pipe(HttpClientCredentials.withApiKey(Declared, http)).get(url))
          ]
        ])
        assert.strictEqual(calls, rejections === 0 ? 7 : 9)
      }
    }))

  it.live("are equal for an AWS-signed JWT", () =>
    withPlanes(async (compare) => {
      const requests: FastCheck.Arbitrary<IamAccessToken.IamAccessTokenRequest> = FastCheck.record({
        audience: FastCheck.constantFrom("a", ["a"] as const, ["a", "b"] as const),
        signingAlgorithm: FastCheck.constantFrom("ES384" as const, "RS256" as const),
        duration: FastCheck.constantFrom("5 minutes" as const, 90_000),
        tags: FastCheck.dictionary(FastCheck.constantFrom("team"), FastCheck.constantFrom("billing", "sales"))
      }, { requiredKeys: ["audience"] })
      await FastCheck.assert(
        FastCheck.asyncProperty(requests, FastCheck.nat(2), async (inline, rejections) => {
          class Declared extends IamAccessToken.Tag<Declared>()("test/Declared", inline) {}
          const into = { ...inline, into: Declared }
          const calls = await compare([
            [
              "withIamAccessToken",
              IamAccessToken.withIamAccessToken(Declared, Declared),
              IamAccessToken.withIamAccessToken(Declared, into)
            ],
            [
              "withIamAccessToken, in a pipe",
              Declared.pipe(IamAccessToken.withIamAccessToken(Declared)),
              Declared.pipe(IamAccessToken.withIamAccessToken(into))
            ],
            [
              "makeWithIamAccessToken",
              Effect.flatMap(IamAccessToken.makeWithIamAccessToken, (provide) => Declared.pipe(provide(Declared))),
              Effect.flatMap(IamAccessToken.makeWithIamAccessToken, (provide) => Declared.pipe(provide(into)))
            ],
            ["get", IamAccessToken.get(Declared), IamAccessToken.get(inline)],
            [
              "use",
              IamAccessToken.use(Declared, using(rejections), { rejected }),
              IamAccessToken.use(inline, using(rejections), { rejected })
            ],
            [
              "HttpClientCredentials.withIamAccessToken",
              Effect.asVoid(
                HttpClientCredentials.withIamAccessToken(client(rejections), Declared, { origins }).get(url)
              ),
              Effect.asVoid(
                client(rejections).pipe(HttpClientCredentials.withIamAccessToken(Declared, { origins })).get(url)
              )
            ]
          ])
          assert.strictEqual(calls, rejections === 0 ? 6 : 8)
        }),
        { numRuns }
      )
    }))
})
