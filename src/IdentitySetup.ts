/**
 * A setup file: the workload identities, credential providers and tags that an agent needs before it runs. The local
 * server reads it as `--config`, and the same file sets up AWS.
 *
 * The file is JSON, with comments and trailing commas. A resource has the members of the AWS operation that creates it.
 * Instead of any string, `{ "$env": "NAME" }` reads the environment variable of that name. This keeps secrets out of
 * the file.
 *
 * With the property `$schema`, editors complete and check the file.
 *
 * ```jsonc
 * {
 *   "$schema": "./node_modules/effect-agentcore-identity/dist/setup.schema.json",
 *   "tags": { "team": "agents" },
 *   "workloadIdentities": [
 *     { "name": "my-agent", "allowedResourceOauth2ReturnUrls": ["http://127.0.0.1:8765/consent"] }
 *   ],
 *   "oauth2CredentialProviders": [
 *     {
 *       "name": "github",
 *       "credentialProviderVendor": "GithubOauth2",
 *       "oauth2ProviderConfigInput": {
 *         "githubOauth2ProviderConfig": { "clientId": "my-agent", "clientSecret": { "$env": "GITHUB_CLIENT_SECRET" } }
 *       }
 *     }
 *   ],
 *   "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": { "$env": "WEATHER_API_KEY" } }],
 *   // Replaces parts of AWS and of the vendors on this machine. AWS never gets it.
 *   "local": {
 *     "vendorEndpoints": {
 *       "GithubOauth2": {
 *         "issuer": "http://127.0.0.1:4021",
 *         "authorizationEndpoint": "http://127.0.0.1:4021/auth",
 *         "tokenEndpoint": "http://127.0.0.1:4021/token"
 *       }
 *     }
 *   }
 * }
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ControlPlane } from "./ControlPlane.js"
import { makeParser } from "./internal/identitySetup/parser.js"
import * as Plan from "./internal/identitySetup/plan.js"
import {
  type ApplyError,
  type Change,
  IdentitySetup,
  type SetupParseError
} from "./internal/identitySetup/setupModels.js"

export {
  /** @since 0.2.0 */
  ApplyError,
  /** @since 0.2.0 */
  type Change,
  /** @since 0.2.0 */
  IdentitySetup,
  /** @since 0.2.0 */
  SetupParseError
} from "./internal/identitySetup/setupModels.js"

/**
 * Reads a setup. `Config` supplies the environment variables. Secrets are `Redacted` in the result.
 *
 * @since 0.2.0
 * @category constructors
 * @example
 * import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
 * import * as IdentitySetup from "effect-agentcore-identity/IdentitySetup"
 * import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const text = `{
 *   // An agent and a key.
 *   "workloadIdentities": [{ "name": "my-agent" }],
 *   "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": "for development" }],
 * }`
 *
 * const program = Effect.gen(function*() {
 *   const setup = yield* IdentitySetup.parse(text, { file: "setup.jsonc" })
 *   return yield* IdentitySetup.apply(setup)
 * })
 *
 * Effect.runPromise(Effect.provide(program, LocalIdentity.layerTest())).then(console.log)
 */
export const parse = (
  text: string,
  options: {
    /** The name of the file in errors. */
    readonly file: string
  }
): Effect.Effect<IdentitySetup, SetupParseError> => parseFile(text, options.file)

const parseFile = makeParser(IdentitySetup)

/**
 * Returns what `apply` would do, and changes nothing. Resources that the setup does not name are ignored, and so are
 * other tags of the resources that it names.
 *
 * @since 0.2.0
 * @category operations
 */
export const plan = (setup: IdentitySetup): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.withSpan(Plan.plan(setup), "IdentitySetup.plan")

/**
 * Creates missing resources and updates resources that differ, one after the other, and deletes nothing. Returns what
 * it did.
 *
 * It is safe to repeat: after a failure, the next run completes the rest. Creations and updates send secrets. `local`
 * has no effect here.
 *
 * @since 0.2.0
 * @category operations
 */
export const apply = (
  setup: IdentitySetup,
  options: {
    /** Whether to send the secrets even if nothing else differs. Default: false. */
    readonly rotateSecrets?: boolean | undefined
  } = {}
): Effect.Effect<ReadonlyArray<Change>, ApplyError, ControlPlane> =>
  Effect.withSpan(Stream.runCollect(Plan.apply(setup, options.rotateSecrets ?? false)), "IdentitySetup.apply")
