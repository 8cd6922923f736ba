/** Records how each credential was obtained, and how long it took. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Consent from "../Consent.js"
import type { Flow } from "../ConsentSession.js"
import { type AccessTokenCredential, type AccessTokenRequest, type ConsentOptions, Identity } from "../Identity.js"
import * as Screen from "./screen.js"

export interface Entry {
  readonly provider: string
  readonly flow: Flow | "API key"
  readonly how: string
  readonly millis: number
}

export class Ledger extends Context.Service<
  Ledger,
  { readonly entries: Effect.Effect<ReadonlyArray<Entry>> }
>()("effect-agentcore-identity/cli/Ledger") {}

const sources: { readonly [F in Flow]: string } = {
  M2M: "client credentials of the agent",
  USER_FEDERATION: "token vault, no consent needed",
  ON_BEHALF_OF_TOKEN_EXCHANGE: "exchange of the user's token"
}

/** Wraps the `Identity` in context. */
export const layer: Layer.Layer<Identity | Ledger, never, Identity | Screen.Screen> = Layer.effectContext(
  Effect.gen(function*() {
    const identity = yield* Identity
    const screen = yield* Screen.Screen
    const entries = yield* Ref.make<ReadonlyArray<Entry>>([])

    const measure = <A, E, R>(
      { flow, provider }: Pick<Entry, "flow" | "provider">,
      how: Effect.Effect<string>,
      effect: Effect.Effect<A, E, R>
    ) =>
      Effect.gen(function*() {
        const start = yield* Clock.currentTimeMillis
        const credential = yield* effect
        const millis = (yield* Clock.currentTimeMillis) - start
        const row: Entry = { provider, flow, how: yield* how, millis }
        yield* Ref.update(entries, (all) => [...all, row])
        yield* screen.step(provider, `${flow}, ${row.how}`)
        return credential
      })

    const getAccessToken = <E, R>(
      subject: AccessTokenRequest<E, R> | AccessTokenCredential,
      options?: ConsentOptions<E, R>
    ) =>
      Effect.gen(function*() {
        const request: AccessTokenRequest<E, R> = {
          ...("request" in subject ? subject.request : subject),
          ...options
        }
        const consented = yield* Ref.make(false)
        // As in `Identity`: without a handler, E and R are the types of the default one.
        const show = request.consent
          ?? (yield* Consent.Handler) as Consent.ConsentHandler<unknown> as Consent.ConsentHandler<E, R>
        return yield* measure(
          request,
          Effect.map(Ref.get(consented), (consented) =>
            consented ? "authorization code + PKCE, user's consent" : sources[request.flow]),
          identity.getAccessToken({
            ...request,
            consent: (session) =>
              Effect.andThen(Ref.set(consented, true), show(session))
          })
        )
      })

    return Context.make(Identity, {
      ...identity,
      getAccessToken,
      getApiKey: (subject) =>
        measure(
          { provider: ("request" in subject ? subject.request : subject).provider, flow: "API key" },
          Effect.succeed("token vault"),
          identity.getApiKey(subject)
        )
    }).pipe(Context.add(Ledger, { entries: Ref.get(entries) }))
  })
)
