/**
 * What the adapter finds in Node: its HTTP client and hash, the files of the AWS profile, and the credentials of the machine.
 *
 * | found, in this order | credentials |
 * | --- | --- |
 * | `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and no `AWS_PROFILE` | these (Lambda) |
 * | `AWS_PROFILE`, or a file of profiles | the whole chain of the AWS SDK |
 * | `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` | of STS, for the token (EKS) |
 * | `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI` | of the container's endpoint (ECS, EKS Pod Identity) |
 * | none of them | of the instance's metadata service (EC2, AgentCore Runtime) |
 *
 * This is the order of the chain of the AWS SDK, which is loaded only where a profile may matter.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Identities from "../credentials.js"
import { invalidConfig } from "../invalidConfig.js"
import { loadSdk } from "../loadSdk.js"
import * as Settings from "../settings.js"
import { noProfile, type Profile, type Runtime } from "./adapter.js"
import * as Container from "./container.js"
import { nodeHash } from "./hash.js"
import * as NodeTransport from "./nodeTransport.js"
import * as WebIdentity from "./webIdentity.js"

/** The variables of the process, which the AWS SDK reads too. */
type Env = Readonly<Record<string, string | undefined>>

const modules = Effect.suspend(() => {
  const getModule = globalThis.process?.getBuiltinModule
  return getModule === undefined
    ? Effect.fail(
      invalidConfig(
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

interface Files {
  readonly configFilepath: string
  readonly filepath: string
}

const filesOf = ({ os, path }: Modules, env: Env): Files => ({
  configFilepath: env["AWS_CONFIG_FILE"] || path.join(os.homedir(), ".aws", "config"),
  filepath: env["AWS_SHARED_CREDENTIALS_FILE"] || path.join(os.homedir(), ".aws", "credentials")
})

/** Whether a file exists that can have profiles. Lambda and containers have none, and load nothing. */
const hasProfiles = ({ fs }: Modules, files: Files): boolean => Object.values(files).some((file) => fs.existsSync(file))

/** The members of the profile, in the form of its file. */
const readProfile = (env: Env, files: Files): Effect.Effect<Profile> =>
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
const searchRegion = (files: Files): Effect.Effect<Option.Option<string>> =>
  loadSdk("@smithy/core", "loadConfig", () => import("./sdk/config.js")).pipe(
    Effect.flatMap(({ NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS, loadConfig }) =>
      Effect.tryPromise(loadConfig(NODE_REGION_CONFIG_OPTIONS, { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...files }))
    ),
    Effect.option
  )

// -----------------------------------------------------------------------------
// Credentials
// -----------------------------------------------------------------------------

const loaded = <Package extends object, Name extends keyof Package & string>(
  name: string,
  member: Name,
  load: () => Promise<Package>,
  make: (member: Package[Name]) => () => Promise<Identities.Identity>
): Identities.Search =>
  Effect.flatMap(loadSdk(name, member, load), (module) =>
    Effect.tryPromise({
      try: async () => await make(module[member])(),
      catch: (error) => Identities.failed(error)
    }))

/** The name is not in the `import()`, so that a bundler leaves it out. */
const importUnbundled = (name: string): Promise<unknown> => import(name)

/**
 * The chain is nearly as large as all the rest, and where a bundle is deployed there is no profile. A bundle has the chain only if the program
 * gives `credentials: fromNodeProviderChain()`.
 */
const importChain = (): Promise<typeof import("@aws-sdk/credential-provider-node")> =>
  // The package of the name.
  importUnbundled("@aws-sdk/credential-provider-node") as ReturnType<typeof importChain>

const chain = (files: Files): Identities.Search =>
  loaded(
    "@aws-sdk/credential-provider-node",
    "defaultProvider",
    importChain,
    (defaultProvider) => defaultProvider({ ...files })
  )

const instance = loaded(
  "@smithy/credential-provider-imds",
  "fromInstanceMetadata",
  () => import("./sdk/instance.js"),
  (fromInstanceMetadata) => fromInstanceMetadata()
)

const container = ({ fs }: Modules, env: Env, transport: Runtime["transport"]): Identities.Search => {
  const tokenFile = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
  return Container.make({
    relative: env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || undefined,
    full: env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] || undefined,
    readToken: tokenFile
      ? Effect.tryPromise(() => fs.promises.readFile(tokenFile, "utf8"))
      : Effect.succeed(env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] || undefined),
    transport
  })
}

const webIdentity = (
  { fs }: Modules,
  tokenFile: string,
  options: Omit<WebIdentity.Options, "readToken">
): Identities.Search =>
  WebIdentity.make({ ...options, readToken: Effect.tryPromise(() => fs.promises.readFile(tokenFile, "utf8")) })

const staticIn = (env: Env): Identities.Identity | undefined => {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"]
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"]
  const sessionToken = env["AWS_SESSION_TOKEN"]
  return accessKeyId && secretAccessKey
    ? { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
    : undefined
}

const search = (
  modules: Modules,
  env: Env,
  files: Files,
  /** Without a proxy. */
  direct: Runtime["transport"],
  sts: Omit<WebIdentity.Options, "readToken" | "roleArn" | "sessionName">
): Effect.Effect<Identities.Source, never, Scope.Scope> => {
  const found = staticIn(env)
  if (found !== undefined && !env["AWS_PROFILE"]) return Effect.succeed(Identities.always(found))
  if (env["AWS_PROFILE"] || hasProfiles(modules, files)) return Identities.keep(chain(files))
  const tokenFile = env["AWS_WEB_IDENTITY_TOKEN_FILE"]
  const roleArn = env["AWS_ROLE_ARN"]
  if (tokenFile && roleArn) {
    const sessionName = env["AWS_ROLE_SESSION_NAME"] || undefined
    return Identities.keep(webIdentity(modules, tokenFile, { ...sts, roleArn, sessionName }))
  }
  if (env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]) {
    return Identities.keep(container(modules, env, direct))
  }
  const isDisabled = env["AWS_EC2_METADATA_DISABLED"]
  return isDisabled && isDisabled !== "false" ? Effect.succeed(Identities.nothing) : Identities.keep(instance)
}

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
    const transport = yield* NodeTransport.make(found, env)
    const direct = yield* NodeTransport.make(found, {})
    const region = yield* Effect.cached(searchRegion(files))
    return {
      transport,
      hash: nodeHash(found.crypto),
      profile: hasProfiles(found, files) ? yield* readProfile(env, files) : noProfile,
      region,
      credentials: Effect.gen(function*() {
        return yield* search(found, env, files, direct, {
          transport,
          region: yield* Settings.region(option, region),
          endpoint: yield* Settings.endpoint({
            option: undefined,
            awsVariable: "AWS_ENDPOINT_URL_STS",
            allowInsecure: false
          })
        })
      })
    }
  })
