import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { officialRequest, request, urlOfModule, workloadAccessToken } from "../fixture.mjs"
import { promised } from "./promised.mjs"

const Identity = await import(urlOfModule("Identity"))
const WorkloadAccessToken = await import(urlOfModule("WorkloadAccessToken"))

/** Over the AWS SDK. */
export const uncached = async () => {
  const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
  return Layer.provide(Identity.layer, AwsDataPlane.layer())
}

/** Without the AWS SDK, over the package's own HTTP client. */
export const http = async () => {
  const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
  return Layer.provide(Identity.layer, AwsDataPlane.layerHttpNode())
}

/** Without the AWS SDK, over an `HttpClient`, with the default hash. */
export const httpClient = async (client) => {
  const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
  return Identity.layer.pipe(
    Layer.provide(AwsDataPlane.layerHttp()),
    Layer.provide(client)
  )
}

export const cached = async () => {
  const CredentialCache = await import(urlOfModule("CredentialCache"))
  const AwsDataPlane = await import(urlOfModule("aws/AwsDataPlane"))
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

/**
 * In a program that is not: by the function that has the signature of the official one, a run of the runtime for each
 * call.
 */
export const byPromise = async (identity) => {
  const PromiseIdentity = await import(urlOfModule("promise/Identity"))
  const { withAccessToken } = PromiseIdentity.make(ManagedRuntime.make(identity))
  return promised(withAccessToken(officialRequest)(async (accessToken) => accessToken))
}
