/** The context of a request. Only `promise/` keeps it in an `AsyncLocalStorage`. */
import type * as Redacted from "effect/Redacted"
import { AsyncLocalStorage } from "node:async_hooks"
import * as AsyncGenerators from "./asyncGenerator.js"
import type { User } from "./user.js"
import type { Workload } from "./workload.js"

export interface RequestContext {
  /** The caller of a request without a workload access token, see `workload`. */
  readonly workload?: Workload | undefined
  /**
   * The user that the workload access token is for. The page after consent completes an authorization for this user
   * only. Default: the user of `workload`, if that is the caller.
   */
  readonly user?: User | undefined
  /** The workload access token of the caller. */
  readonly workloadAccessToken?: string | Redacted.Redacted | undefined
  /** Where the browser goes after consent, as the official SDK names it. */
  readonly oauth2CallbackUrl?: string | undefined
  /** The same, as `http/RequestContext` names it. */
  readonly callbackUrl?: string | undefined
  /** The session of the runtime. */
  readonly sessionId?: string | undefined
  /** The id of the request. */
  readonly requestId?: string | undefined
}

const storage = new AsyncLocalStorage<RequestContext>()

export const run = <T>(context: RequestContext, f: () => T): T => {
  const within = <A>(g: () => A): A => storage.run(context, g)
  return AsyncGenerators.runWithin(within(f), within)
}

export const get = (): RequestContext | undefined => storage.getStore()
