/** Loads a package of the AWS SDK. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { TransportError } from "../../IdentityError.js"
import { loadPackage } from "../../internal/loadPackage.js"

/** Fails with a `TransportError` of the call that needs the package. */
export const loadSdk = <Sdk extends object>(
  packageName: string,
  client: keyof Sdk & string,
  load: () => Promise<Sdk>
): Effect.Effect<Sdk, TransportError> =>
  Effect.mapError(
    loadPackage(packageName, client, load),
    (error) => new TransportError({ kind: "unloadable", code: error.code, cause: Redacted.make(error) })
  )
