/** The settings of a development authorization server, and the package `oidc-provider`. */
import type { OidcStore } from "./oidcStore.js"
import type { Client, HeadlessConsent, UserClaims } from "./registrations.js"

export interface Settings {
  readonly issuer: string
  readonly port: number
  /** Host names of the server, in addition to `localhost` and IP addresses. */
  readonly allowedHosts: ReadonlyArray<string>
  readonly store: OidcStore
  readonly clients: ReadonlyMap<string, Client>
  /** The scopes that unregistered clients have requested. Undefined if such clients are rejected. */
  readonly anyClient: Set<string> | undefined
  /** The first one is the default. */
  readonly resources: readonly [string, ...ReadonlyArray<string>]
  readonly signingKey: JsonWebKey
  /** The URLs of key sets by issuer. The keys of an issuer without a URL are discovered. */
  readonly trustedIssuers: ReadonlyMap<string, string | undefined>
  readonly users: ReadonlyMap<string, UserClaims>
  readonly consent: HeadlessConsent | undefined
  readonly cookieKey: string
  /** In seconds. */
  readonly accessTokenLifetime: number
  readonly clock: {
    /** In seconds since the epoch. */
    readonly now: () => number
    /** How many whole seconds `now` is ahead of the machine's clock, which `oidc-provider` reads. */
    readonly offset: () => number
  }
  readonly onError: (name: string) => void
}

type OidcProvider = typeof import("oidc-provider")

export interface Module extends Pick<OidcProvider, "errors" | "interactionPolicy"> {
  readonly Provider: OidcProvider["default"]
}

/** Loads inner modules, because the package's index warns on versions of Node without long-term support. */
export const loadModule = async (): Promise<Module> => {
  const [{ Provider }, errors, interactionPolicy] = await Promise.all([
    // @ts-expect-error The package's types describe its index only.
    import("oidc-provider/lib/provider.js"),
    // @ts-expect-error As above.
    import("oidc-provider/lib/helpers/errors.js"),
    // @ts-expect-error As above.
    import("oidc-provider/lib/helpers/interaction_policy/index.js")
  ])
  return { Provider, errors, interactionPolicy }
}
