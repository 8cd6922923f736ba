/** The optional package `oidc-provider`, loaded when a server starts. */

type OidcProvider = typeof import("oidc-provider")

export interface Module extends Pick<OidcProvider, "errors" | "interactionPolicy"> {
  readonly Provider: OidcProvider["default"]
}

/** Loads the inner modules. On Node 20 the package's index prints a warning while it is imported. */
export const load = async (): Promise<Module> => {
  const [{ Provider }, errors, interactionPolicy] = await Promise.all([
    // @ts-expect-error The package's types describe its index only.
    import("oidc-provider/lib/provider.js"),
    // @ts-expect-error The package's types describe its index only.
    import("oidc-provider/lib/helpers/errors.js"),
    // @ts-expect-error The package's types describe its index only.
    import("oidc-provider/lib/helpers/interaction_policy/index.js")
  ])
  return { Provider, errors, interactionPolicy }
}
