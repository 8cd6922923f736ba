/**
 * In the place of `packages`, in a bundle for a browser or an edge runtime, which cannot load packages for Node.
 *
 * @since 0.1.0
 */

const unavailable = async (): Promise<never> => {
  throw new Error("The package is for Node only")
}

/** @internal */
export const containerCredentials = unavailable

/** @internal */
export const instanceCredentials = unavailable

/** @internal */
export const sharedConfig = unavailable

/** @internal */
export const proxyAgent = unavailable

/** @internal */
export const proxyVariables = unavailable

/** @internal */
export const credentialChain = unavailable
