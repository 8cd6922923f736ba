/** The packages that stores need. */
import * as Effect from "effect/Effect"
import { installCommand, loadPackage } from "../../internal/loadPackage.js"

/** Loads the package of a store. It fails with a message that has the command to install it. `store` is its subject. */
export const load = <M extends object>(
  store: string,
  name: Parameters<typeof installCommand>[0],
  member: keyof M & string,
  module: () => Promise<M>
): Effect.Effect<M, string> =>
  Effect.mapError(
    loadPackage(name, member, module),
    ({ code }) => `${store} needs the package ${name}, which cannot be loaded (${code}): ${installCommand(name)}`
  )
