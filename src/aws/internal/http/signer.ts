/** Signatures of requests, by the signer of the AWS SDK. */
import * as Effect from "effect/Effect"
import { TransportError } from "../../../IdentityError.js"
import type { Identity } from "../credentials.js"
import type { HashConstructor } from "./hash.js"
import { SignatureV4 } from "./sdk/signature.js"
import { toDate } from "./time.js"

export interface ToSign {
  readonly method: string
  /** Host and port. */
  readonly host: string
  readonly path: string
  readonly query: Readonly<Record<string, ReadonlyArray<string>>>
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Returns the headers of the request with those of the signature, for the time in milliseconds since the epoch. */
export type Signer = (
  request: ToSign,
  identity: Identity,
  time: number
) => Effect.Effect<Readonly<Record<string, string>>, TransportError>

/** A client sends the host of the URL itself. */
const withoutHost = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const rest = { ...headers }
  delete rest["host"]
  return rest
}

/** `service` and `region` are those of the signature. */
export const make = (sha256: HashConstructor, service: string, region: string): Signer => {
  // The signer of the last credentials. They change once an hour.
  let last: { readonly identity: Identity; readonly signature: SignatureV4 } | undefined
  const signerOf = (identity: Identity): SignatureV4 => {
    if (last?.identity === identity) return last.signature
    const signature = new SignatureV4({ service, region, credentials: identity, sha256 })
    last = { identity, signature }
    return signature
  }
  return ({ body, headers, host, method, path, query }, identity, time) =>
    Effect.tryPromise({
      try: () =>
        signerOf(identity).sign(
          {
            method,
            protocol: "https:",
            hostname: host,
            path,
            // The types of the signer have mutable members.
            query: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, [...values]])),
            headers: { ...headers, host },
            body
          },
          { signingDate: toDate(time) }
        ),
      // Credentials without a key. The error has their members in it.
      catch: () => new TransportError({ kind: "credentials", code: "CredentialsProviderError" })
    }).pipe(Effect.map(({ headers }) => withoutHost(headers)))
}
