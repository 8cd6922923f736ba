/**
 * The packages of the adapter that only Node can load, each at its first use. `import()` has their names in it, because bundlers look for
 * that. In a bundle for a browser or an edge runtime `packages.browser` is in the place of this module (`browser` in `package.json`).
 *
 * @since 0.1.0
 */

/** @internal */
export const containerCredentials = () => import("@aws-sdk/credential-provider-http")

/** @internal */
export const instanceCredentials = () => import("@smithy/credential-provider-imds")

/** @internal */
export const sharedConfig = (): Promise<typeof import("@smithy/core/config")> => import("@smithy/core/config")

/** @internal */
export const proxyAgent = () => import("https-proxy-agent")

/** @internal */
export const proxyVariables = () => import("proxy-from-env")

/** The name is not in the `import()`, so that a bundler leaves it out. */
const importUnbundled = (name: string): Promise<unknown> => import(name)

/**
 * The whole credential chain, which looks into profiles and signs in. It is as large as all the rest, and a bundle that is deployed never
 * needs it: a bundle has it only if the program gives `credentials: fromNodeProviderChain()`.
 *
 * @internal
 */
export const credentialChain = (): Promise<typeof import("@aws-sdk/credential-provider-node")> =>
  // The package of the name.
  importUnbundled("@aws-sdk/credential-provider-node") as Promise<typeof import("@aws-sdk/credential-provider-node")>
