/** Loads packages on first use: optional packages, and those that take long to load. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { codeOf } from "./messages.js"

/**
 * The package is not installed, a bundle lacks it, or it has other exports. `message` quotes no error, because errors
 * of packages can quote secrets.
 */
export class PackageNotLoaded extends Data.TaggedError("PackageNotLoaded")<{
  readonly packageName: string
  readonly code: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `The package '${this.packageName}' cannot be loaded (${this.code})`
  }
}

/** The major versions of the optional packages, as in `peerDependencies`. */
const versions = {
  "@effect/platform-node": "4",
  "@effect/sql-pg": "4",
  ioredis: "5",
  "oidc-provider": "9"
}

/** The command that installs an optional package. */
export const installCommand = (packageName: keyof typeof versions, option?: "--save-dev"): string =>
  ["npm install", ...option === undefined ? [] : [option], `${packageName}@${versions[packageName]}`].join(" ")

/**
 * In an ES module of esbuild, `require` throws unless it is global. CommonJS packages in the bundle, such as those of
 * the AWS SDK, require the modules of Node at any time. Node's own ES modules have no `require`.
 */
const provideRequire = (): void => {
  if (typeof require === "undefined" || require.resolve !== undefined) return
  const module = globalThis.process?.getBuiltinModule?.("node:module")
  // An edge runtime may have no such module, and no file.
  if (module === undefined || !import.meta.url?.startsWith("file:")) return
  const value = module.createRequire(import.meta.url)
  Object.defineProperty(globalThis, "require", { value, configurable: true, writable: true })
}

/**
 * Loads a package. The caller passes `import()` with the literal name of the package, which bundlers need: for an
 * optional package in a `try`, so that a bundler warns if it is not installed, and does not fail. `name` is an export
 * that the caller needs. Node finds most exports of a CommonJS package by name, bundlers put all of them into
 * `default`.
 */
export const loadPackage = <M extends object>(
  packageName: string,
  name: keyof M & string,
  load: () => Promise<M>
): Effect.Effect<M, PackageNotLoaded> =>
  Effect.tryPromise({
    try: () => {
      provideRequire()
      return load()
    },
    catch: (cause) => new PackageNotLoaded({ packageName, code: codeOf(cause), cause })
  }).pipe(
    Effect.flatMap((module) => {
      const candidates: ReadonlyArray<unknown> = [module, hasProperty(module, "default") ? module.default : undefined]
      const exports = candidates.find((candidate) => hasProperty(candidate, name))
      return exports === undefined
        ? new PackageNotLoaded({ packageName, code: `it has no ${name}` })
        // `default` has the same exports, one level deeper.
        : Effect.succeed(exports as M)
    })
  )
