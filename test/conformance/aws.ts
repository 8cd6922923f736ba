/** A real account as the service under test, named by the environment. */
import { makeClients, type Recording } from "./clients.js"
import type { Need, Parts } from "./statement.js"

type Environment = Readonly<Record<string, string | undefined>>

export const variables = {
  prefix: "AGENTCORE_CONFORMANCE_PREFIX",
  discoveryUrl: "AGENTCORE_CONFORMANCE_DISCOVERY_URL",
  clientId: "AGENTCORE_CONFORMANCE_CLIENT_ID",
  clientSecret: "AGENTCORE_CONFORMANCE_CLIENT_SECRET"
} as const

/** Why statements that need these parts do not run at AWS. */
export const reasons: { readonly [K in Need]: string } = {
  authorizationServer: `set ${variables.discoveryUrl}, ${variables.clientId} and ${variables.clientSecret}`,
  consent: "a person has to consent in a browser",
  recorder: "AWS cannot reach the authorization server of this suite, which records requests",
  browse: "a person has to consent in a browser",
  userToken: "AWS cannot reach the issuer of this suite, which signs users' JWTs",
  expire: "it takes ten minutes",
  account: "it needs a secret, a key of KMS, or a workload identity of a service, which the suite does not create",
  restricted: "it needs a role with a policy, which the suite does not create",
  gateway: "it needs a gateway, which the suite does not create",
  wholeAccount: "it would change what others in the account use"
}

/** The reason why the suite must not run. */
export const reasonNotToRun = (environment: Environment): string | undefined => {
  const prefix = environment[variables.prefix] ?? ""
  return environment["CI"] !== undefined && environment["CI"] !== ""
    ? "--aws creates resources in an account, so it does not run in CI (CI is set)"
    : prefix === ""
    ? `--aws needs ${variables.prefix}: the beginning of the names of what it creates, and removes at the end`
    : !/^[a-z][a-z0-9-]{4,39}$/.test(prefix)
    ? `${variables.prefix} has 5 to 40 lower-case letters, digits and hyphens, and begins with a letter`
    : undefined
}

/** The clients and the parts that the environment configures. */
export const make = (environment: Environment): { readonly recording: Recording; readonly parts: Partial<Parts> } => {
  const discoveryUrl = environment[variables.discoveryUrl]
  const clientId = environment[variables.clientId]
  const clientSecret = environment[variables.clientSecret]
  return {
    recording: makeClients({}),
    parts: discoveryUrl === undefined || clientId === undefined || clientSecret === undefined
      ? {}
      : { authorizationServer: { discoveryUrl, clientId, clientSecret } }
  }
}
