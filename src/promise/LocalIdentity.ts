/**
 * A local AgentCore Identity for tests without Effect: with vitest, jest, `node:test`, or any other runner. It runs in
 * the process of the test, on free ports, and speaks the protocol of AWS, so that every AWS SDK can use it.
 *
 * It is the server of `npx agentcore-identity local`. `control` acts on the server, and `user` acts for the users of
 * its authorization server. It needs the package `@effect/platform-node` and, with `authorizationServer`,
 * `oidc-provider`.
 *
 * @since 0.2.0
 * @example
 * import { start } from "effect-agentcore-identity/promise/LocalIdentity"
 *
 * const test = async () => {
 *   await using local = await start({
 *     setup: {
 *       workloadIdentities: [{ name: "my-agent" }],
 *       apiKeyCredentialProviders: [{ name: "weather", apiKey: "for development" }]
 *     }
 *   })
 *   // AWS SDKs read their endpoints from the environment.
 *   Object.assign(process.env, local.environment)
 *   await local.control.faults.add({ operation: "GetResourceApiKey", exception: "ThrottlingException", count: 3 })
 * }
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type * as IdentitySetup from "../IdentitySetup.js"
import * as Constraint from "../internal/models/constraint.js"
import * as Validation from "../internal/plane/validation.js"
import type { AuthorizationServer } from "../local/AuthorizationServer.js"
import * as LocalControl from "../local/LocalControl.js"
import * as SetupFile from "../local/standalone/setupFile.js"
import * as Server from "../local/standalone/standaloneServer.js"
import * as TestUsers from "../local/TestUser.js"
import * as VaultStore from "../local/vault/vaultStore.js"
import { bind, withCaller } from "./internal/callerContext.js"
import { type Promised, toPromise, unchecked } from "./internal/promised.js"

/** A value in which any string can be `{ $env: "NAME" }`, which reads a variable. */
type WithReferences<A> = A extends string ?
    | A
    | {
      /** The name of the variable. */
      readonly $env: string
    }
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<WithReferences<B>>
  : A extends object ? { readonly [K in keyof A]: WithReferences<A[K]> }
  : A

type Setup = WithReferences<Schema.Codec.Encoded<typeof IdentitySetup.IdentitySetup>>

/**
 * The options of {@link start}. Everything is optional.
 *
 * @since 0.2.0
 * @category models
 */
export interface Options extends Pick<Server.Options, "accountId" | "offline" | "port" | "publicUrl" | "region"> {
  /**
   * The resources at the start, or the path of a file with them. `{ $env: "NAME" }` reads a variable of `environment`,
   * such as `AGENTCORE_LOCAL_OAUTH_DISCOVERY_URL`, or of the process. See `IdentitySetup`.
   */
  readonly setup?: Setup | string | undefined
  /** Also starts an authorization server, with one client for every provider. Default: none. */
  readonly authorizationServer?: Server.Options["authorizationServer"]
  /** A name or address of this machine. Default: `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * The IAM policy of the access key in `environment`, or the path of a file with it. It tests a policy, and is not a
   * security boundary. `accountId` and `region` are by default those of its ARNs. Default: everything is allowed.
   */
  readonly policy?: Server.Options["policy"] | string
  /** Minimum log level on stderr. Default: `warning`. */
  readonly logLevel?: "debug" | "info" | "warning" | "error" | "none" | undefined
}

/** What a user does with a link. */
type Act<A = Page> = (
  link: string | URL | Redacted.Redacted | { readonly authorizationUrl: Redacted.Redacted }
) => Promise<A>

/** The last page that a user reaches. `text` is the visible text. */
type Page = { readonly status: number; readonly url: string; readonly text: string }

/** The actions of a user that take the link alone. */
type Acts = { readonly [K in keyof Pick<TestUsers.TestUser, "approves" | "denies" | "opens">]: Act }

/**
 * A user with a browser. `local/TestUser` says which forms they send, and also has `as`.
 *
 * @since 0.2.0
 * @category models
 */
export interface TestUser extends Acts, Pick<TestUsers.TestUser, "name"> {
  /** Forwards the link to another user, who approves in their own browser. */
  readonly forwardsLinkTo: (other: TestUser) => Act
  /** Approves, and clicks the button twice. The result has the pages of both clicks. */
  readonly clicksTwice: Act<ReadonlyArray<Page>>
  /** Approves, and returns to AgentCore, which sends them to the application, when the promise has ended. */
  readonly returnsAfter: (meanwhile: () => Promise<unknown>) => Act
  /**
   * Withdraws their consent at the authorization server. Returns the number of revoked refresh tokens. Access tokens
   * stay valid until they expire: an API of a test that is to respond with 401 has to remember the user.
   */
  readonly revokes: () => Promise<number>
}

type Control = Promised<ReturnType<typeof toNative>>

/**
 * A running server.
 *
 * - `environment`: the variables for programs that use it. They contain secrets: the token of its control, and the
 *   client secret of the authorization server. `AWS_PROFILE` is empty if this process has one.
 * - `stop`: stops the server and frees its ports. `await using` stops it, too.
 *
 * @since 0.2.0
 * @category services
 */
export interface LocalIdentity extends AsyncDisposable {
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
  /**
   * The functions of `LocalControl`, with promises. An `Option` is its value or `undefined`, a duration is a number of
   * milliseconds, and a time is a `Date`.
   */
  readonly control: Control
  readonly stop: () => Promise<void>
}

/**
 * A server with an authorization server. `user` makes a user with a new browser.
 *
 * @since 0.2.0
 * @category services
 */
export interface LocalIdentityWithUsers extends LocalIdentity {
  /** `${issuer}/me` responds with the user of an access token, who has to have granted the scope `openid`. */
  readonly issuer: string
  readonly user: (name: string) => TestUser
}

class InvalidOption extends Data.TaggedError("InvalidOption")<{ readonly message: string }> {}

// -----------------------------------------------------------------------------
// Control
// -----------------------------------------------------------------------------

/** A program in JavaScript can pass any value. */
const toJson = (value: unknown, option: string) =>
  Effect.try({
    try: () => JSON.stringify(value) ?? "",
    catch: () => new InvalidOption({ message: `\`${option}\` is a plain object, or the path of a file` })
  })

const parse = (setup: Setup, variables: Server.Environment) =>
  Effect.flatMap(toJson(setup, "setup"), (json) => SetupFile.parse(json, { file: "setup", variables }))

type Consents = LocalControl.LocalControl["Service"]["consents"]

/** A session URI is a URN, and an id is not. */
const toConsent = (consent: string): Parameters<Consents["approve"]>[0] =>
  consent.startsWith("urn:") ? Redacted.make(consent) : consent

/** A control that takes values of JavaScript. */
const toNative = (control: LocalControl.LocalControl["Service"], variables: Server.Environment) => {
  const { clock, consents } = control
  return {
    ...control,
    /** Adds a setup until the next `reset`, and returns what changed. */
    seed: (setup: Setup) =>
      Effect.map(
        Effect.flatMap(parse(setup, variables), control.seed),
        (changes) => changes.map(({ action, kind, name }) => ({ action, kind, name }))
      ),
    clock: {
      ...clock,
      /** Sets the time, from 1970 to 9999. The clock continues from there. */
      set: (time: Date) =>
        Option.match(DateTime.make(time), {
          onNone: () =>
            new LocalControl.LocalControlError({ reason: "InvalidTime", message: "The time is not a valid Date" }),
          onSome: (time) => clock.set(DateTime.toUtc(time))
        })
    },
    /** The requests from the first `next()` on, until the server stops. */
    events: control.events,
    consents: {
      ...consents,
      /** Consents in place of the user. The session is named by its id, or by its URI. `userName` signs in. */
      approve: (consent: string, options?: Parameters<Consents["approve"]>[1]) =>
        consents.approve(toConsent(consent), options),
      /** Denies consent in place of the user. The session is named by its id, or by its URI. */
      deny: (consent: string) => consents.deny(toConsent(consent)),
      /** Ends the session as expired. The session is named by its id, or by its URI. */
      expire: (consent: string) => consents.expire(toConsent(consent))
    }
  }
}

const logLevels = { debug: "Debug", info: "Info", warning: "Warn", error: "Error", none: "None" } as const

const layerLog = (level: Options["logLevel"] = "warning") =>
  Layer.merge(
    // Standard output belongs to the test runner.
    Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
    Layer.succeed(References.MinimumLogLevel, logLevels[level])
  )

// The server checks the other values.
const checkOptions = Validation.makeCheck("LocalIdentity.start", () => ({
  ...unchecked("setup", "authorizationServer", "host", "port", "publicUrl", "policy", "accountId", "region"),
  offline: Constraint.optional(Schema.Boolean),
  logLevel: Constraint.optional(Schema.Literals(Struct.keys(logLevels)))
} satisfies { readonly [K in keyof Options]-?: unknown }))

type Run = <A>(effect: Effect.Effect<A, unknown>) => Promise<A>

const readPolicy = Effect.fnUntraced(function*(policy: Options["policy"]) {
  if (policy === undefined) return undefined
  if (typeof policy === "string") return yield* SetupFile.loadPolicy(policy)
  return yield* SetupFile.parsePolicy(yield* toJson(policy, "policy"), "policy")
})

const build = ({ logLevel, policy, setup, ...options }: Options) =>
  Effect.gen(function*() {
    const evaluated = yield* readPolicy(policy)
    const place = SetupFile.placeOf(evaluated)
    const running = yield* Server.start({
      ...options,
      accountId: options.accountId ?? place.accountId,
      region: options.region ?? place.region,
      policy: evaluated,
      load: Effect.fnUntraced(function*(variables: Server.Environment) {
        if (typeof setup === "string") return yield* SetupFile.load(setup, variables)
        return { setup: setup === undefined ? undefined : yield* parse(setup, variables) }
      })
    })
    const runPromise = Effect.runPromiseWith(yield* Effect.context())
    const run: Run = (effect) => withCaller(runPromise(effect))
    const stopped = yield* Deferred.make<void>()
    yield* Effect.addFinalizer(() => Deferred.succeed(stopped, undefined))
    return { run, running, within: Stream.interruptWhen(Deferred.await(stopped)) }
  }).pipe(Effect.provide(Layer.merge(VaultStore.layerMemory, layerLog(logLevel))))

const toPage = ({ status, text, url }: TestUsers.Page): Page => ({ status, text, url: Redacted.value(url) })

const makeUser = (
  user: TestUsers.TestUser,
  authorizationServer: AuthorizationServer["Service"],
  run: Run
): TestUser => {
  const convert = <A, B>(
    act: (
      link: string | Redacted.Redacted | { readonly authorizationUrl: Redacted.Redacted }
    ) => Effect.Effect<A, unknown>,
    f: (result: A) => B
  ): Act<B> =>
  (link) => run(Effect.map(act(link instanceof URL ? link.href : link), f))
  return {
    name: user.name,
    opens: convert(user.opens, toPage),
    approves: convert(user.approves, toPage),
    denies: convert(user.denies, toPage),
    forwardsLinkTo: (other) => other.approves,
    clicksTwice: convert(user.clicksTwice, (pages) => pages.map(toPage)),
    returnsAfter: (meanwhile) => convert(user.returnsAfter(bind(meanwhile)()), toPage),
    revokes: () => run(user.revokes(authorizationServer))
  }
}

/**
 * Starts a server in this process. Several can run at the same time. A server keeps the process alive until it is
 * stopped: by `stop()`, or by `await using`.
 *
 * The promise rejects with a tagged error if a package is missing, a port is in use, or the setup is not valid.
 *
 * @since 0.2.0
 * @category constructors
 */
export const start: {
  /** Starts a server with an authorization server, and its users. */
  (
    options: Options & {
      /** Starts an authorization server too, with one client for every provider. */
      readonly authorizationServer: Exclude<Options["authorizationServer"], false | undefined>
    }
  ): Promise<LocalIdentityWithUsers>
  /** Starts a server without an authorization server. */
  (options?: Options): Promise<LocalIdentity>
} = async (options: Options = {}): Promise<LocalIdentityWithUsers> => {
  const wrong = checkOptions(options)
  if (wrong !== undefined) throw wrong
  const scope = Scope.makeUnsafe()
  const { run, running: { authorizationServer, control, environment, server }, within } = await withCaller(
    Effect.runPromise(
      Effect.onError(Scope.provide(build(options), scope), (cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  )
  let stopping: Promise<void> | undefined
  const stop = () => stopping ??= Effect.runPromise(Scope.close(scope, Exit.void))
  const service = Option.getOrUndefined(Option.map(authorizationServer, ({ service }) => service))
  return {
    url: server.url,
    // With a profile, AWS SDKs in JavaScript would not use the access key of the server.
    environment: process.env["AWS_PROFILE"] ? { ...environment, AWS_PROFILE: "" } : environment,
    control: toPromise(toNative(control, environment), { run, within }),
    stop,
    [Symbol.asyncDispose]: stop,
    // Only the first overload has these properties.
    ...(service === undefined ? undefined : {
      issuer: service.issuer,
      user: (name: string) => makeUser(Effect.runSync(TestUsers.make(name)), service, run)
    }) as { readonly issuer: string; readonly user: (name: string) => TestUser }
  }
}
