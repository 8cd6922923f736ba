/** Keeps HTTP clients from following redirects. They would send headers with secrets to other origins. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"

/** `UndiciOptions` of `@effect/platform-node`, by its key: that package is optional, and does not run in browsers. */
const UndiciOptions = Context.Reference<{ readonly maxRedirections?: number }>(
  "@effect/platform-node/NodeHttpClient/UndiciOptions",
  { defaultValue: () => ({}) }
)

/**
 * Runs an effect whose requests do not follow redirects: of `fetch`, which follows them by default, and of undici with
 * its redirect interceptor. The program's other settings are kept.
 */
export const withoutRedirects = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const init = Context.getOrUndefined(context, FetchHttpClient.RequestInit)
    return self.pipe(
      Effect.provideService(FetchHttpClient.RequestInit, {
        ...init,
        redirect: init?.redirect === "error" ? "error" : "manual"
      }),
      Effect.provideService(UndiciOptions, { ...Context.get(context, UndiciOptions), maxRedirections: 0 })
    )
  })

/** Which client would follow redirects, because an inner client has replaced what `withoutRedirects` provides. */
export const followerIn = (context: Context.Context<never>): "fetch" | "undici" | undefined => {
  const redirect = Context.getOrUndefined(context, FetchHttpClient.RequestInit)?.redirect
  return redirect !== "manual" && redirect !== "error"
    ? "fetch"
    : Context.get(context, UndiciOptions).maxRedirections !== 0
    ? "undici"
    : undefined
}
