import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { officialRequest, request, urlOfModule, workloadAccessToken } from "../fixture.mjs"
import { promised } from "./promised.mjs"

const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
const Identity = await import(urlOfModule("Identity"))
const WorkloadAccessToken = await import(urlOfModule("WorkloadAccessToken"))

export const uncached = async () => Layer.provide(Identity.layer, AwsDataPlane.layer())

export const cached = async () => {
  const CredentialCache = await import(urlOfModule("CredentialCache"))
  return Identity.layer.pipe(Layer.provide(CredentialCache.layer()), Layer.provide(AwsDataPlane.layer()))
}

/** In a program that is Effect: the calls of one fiber. */
export const inFiber = (identity) => {
  const runtime = ManagedRuntime.make(
    Layer.merge(identity, WorkloadAccessToken.layer(Redacted.make(workloadAccessToken)))
  )
  const repeat = (times) =>
    runtime.runPromise(Effect.gen(function*() {
      const { getAccessToken } = yield* Identity.Identity
      let token
      for (let call = 0; call < times; call++) token = yield* getAccessToken(request)
      return Redacted.value(token)
    }))
  return { obtain: () => repeat(1), repeat }
}

/** In a program that is not: by the function that has the signature of the official one, a run of the runtime for each call. */
export const byPromise = async (identity) => {
  const PromiseIdentity = await import(urlOfModule("promise/Identity"))
  const { withAccessToken } = PromiseIdentity.make(ManagedRuntime.make(identity))
  return promised(withAccessToken(officialRequest)(async (accessToken) => accessToken))
}
