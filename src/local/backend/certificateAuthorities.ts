/**
 * Private certificate authorities. `fetch` of Node has no option for them, so the whole process trusts them, as with
 * `NODE_EXTRA_CA_CERTS`.
 */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"
import { codeOf } from "../../internal/errorCode.js"

/** The files that were read, also those that failed. A file is read once, because it seldom changes. */
const known = new Set<string>()

/** Trusts the certificates in PEM files. A file that cannot be used is logged, and then requests fail. */
export const trustAuthorities = (files: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(files.filter((file) => !known.has(file)), (file) =>
    Effect.suspend(() => {
      known.add(file)
      return Effect.try(() =>
        Tls.setDefaultCACertificates([...Tls.getCACertificates("default"), readFileSync(file, "utf8")])
      )
    }).pipe(
      Effect.catch(({ cause }) =>
        Effect.logWarning(`The file ${file} of certificateAuthorities cannot be used: ${codeOf(cause)}`)
      )
    ), { discard: true })
