/** The settings of one development authorization server. */
import type { Client, HeadlessConsent, UserClaims } from "./model.js"
import type { OidcStore } from "./store.js"

export interface Settings {
  readonly issuer: string
  readonly port: number
  /** Host names of the server, beside `localhost` and IP addresses. */
  readonly allowedHosts: ReadonlyArray<string>
  readonly store: OidcStore
  readonly clients: ReadonlyMap<string, Client>
  /** The first one is the default. */
  readonly resources: readonly [string, ...ReadonlyArray<string>]
  readonly signingKey: JsonWebKey
  /** Their key sets, where one is known. The keys of the others are discovered. */
  readonly trustedIssuers: ReadonlyMap<string, string | undefined>
  readonly users: ReadonlyMap<string, UserClaims>
  readonly consent: HeadlessConsent | undefined
  readonly cookieKey: string
  /** In seconds. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly authorizationCode: number
  }
  readonly clock: {
    /** In seconds since the epoch. */
    readonly now: () => number
    /** How far `now` is ahead of the machine's clock, which `oidc-provider` reads, in whole seconds. */
    readonly offset: () => number
  }
  readonly onError: (name: string) => void
}
