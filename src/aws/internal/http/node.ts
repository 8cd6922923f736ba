/**
 * What the adapter finds in Node: its HTTP client and hash, the files of the AWS profile, and the credentials of the
 * machine.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { loadSdk } from "../loadSdk.js"
import * as Settings from "../settings.js"
import { noProfile, type Profile, type Runtime } from "./adapter.js"
import { nodeHash } from "./hash.js"
import * as NodeCredentials from "./nodeCredentials.js"
import * as NodeTransport from "./nodeTransport.js"

type Env = NodeCredentials.Machine["env"]

const modules = Effect.suspend(() => {
  const getModule = globalThis.process?.getBuiltinModule
  return getModule === undefined
    ? Effect.fail(
      Settings.invalidConfig(
        "process",
        "layerNode needs Node.js from 20.16 on. In another runtime use layer, over an HttpClient"
      )
    )
    : Effect.succeed({
      crypto: getModule("node:crypto"),
      fs: getModule("node:fs"),
      http: getModule("node:http"),
      get https() {
        return getModule("node:https")
      },
      os: getModule("node:os"),
      path: getModule("node:path")
    })
})

type Modules = Effect.Success<typeof modules>

// -----------------------------------------------------------------------------
// Profile
// -----------------------------------------------------------------------------

const filesOf = ({ os, path }: Modules, env: Env): NodeCredentials.Files => ({
  configFilepath: env["AWS_CONFIG_FILE"] || path.join(os.homedir(), ".aws", "config"),
  filepath: env["AWS_SHARED_CREDENTIALS_FILE"] || path.join(os.homedir(), ".aws", "credentials")
})

/** The members of the profile, in the form of its file. */
const readProfile = (env: Env, files: NodeCredentials.Files): Effect.Effect<Profile> =>
  Effect.gen(function*() {
    const { loadSharedConfigFiles } = yield* loadSdk("@smithy/core", "loadSharedConfigFiles", () =>
      import("./sdk/config.js"))
    const { configFile, credentialsFile } = yield* Effect.tryPromise(() =>
      loadSharedConfigFiles({ ...files })
    )
    const name = env["AWS_PROFILE"] || "default"
    const profile = { ...configFile[name], ...credentialsFile[name] }
    const services = profile["services"] === undefined ? {} : configFile[`services.${profile["services"]}`] ?? {}
    return {
      maxAttempts: profile["max_attempts"],
      useFips: profile["use_fips_endpoint"],
      useDualStack: profile["use_dualstack_endpoint"],
      endpoint: (service: string) => services[`${service.replaceAll("-", "_")}.endpoint_url`] ?? profile["endpoint_url"]
    }
  }).pipe(
    // The AWS SDK does not mind a file that it cannot read either. The chain reports it when it needs credentials.
    Effect.orElseSucceed(() => noProfile)
  )

/** The search of the AWS SDK for a region: the profile, then the instance. */
const searchRegion = (files: NodeCredentials.Files): Effect.Effect<Option.Option<string>> =>
  loadSdk("@smithy/core", "loadConfig", () => import("./sdk/config.js")).pipe(
    Effect.flatMap(({ NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS, loadConfig }) =>
      Effect.tryPromise(loadConfig(NODE_REGION_CONFIG_OPTIONS, { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...files }))
    ),
    Effect.option
  )

// -----------------------------------------------------------------------------
// Runtime
// -----------------------------------------------------------------------------

/** `option` is the region of the layer's options. */
export const runtime = (
  option: string | undefined
): Effect.Effect<Runtime, Config.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const found = yield* modules
    const { env } = globalThis.process
    const files = filesOf(found, env)
    // Lambda and containers have no files, and load nothing.
    const hasProfiles = Object.values(files).some((file) => found.fs.existsSync(file))
    const transport = yield* NodeTransport.make(found, env)
    const direct = yield* NodeTransport.make(found, {})
    const region = yield* Effect.cached(searchRegion(files))
    return {
      transport,
      hash: nodeHash(found.crypto),
      profile: hasProfiles ? yield* readProfile(env, files) : noProfile,
      region,
      credentials: Effect.gen(function*() {
        return yield* NodeCredentials.find({ env, fs: found.fs, files, hasProfiles, transport, direct }, {
          region: yield* Settings.region(option, region),
          endpoint: yield* Settings.endpoint({ option: undefined, allowInsecure: false, ...Settings.stsVariables })
        })
      })
    }
  })
