/** Loads packages on first use: optional packages, and those that take long to load. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { codeOf } from "./errorCode.js"

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
  "@smithy/signature-v4": "5",
  ioredis: "5",
  "oidc-provider": "9"
}

/** The command that installs an optional package. */
export const installCommand = (packageName: keyof typeof versions, option?: "--save-dev"): string =>
  ["npm install", ...option === undefined ? [] : [option], `${packageName}@${versions[packageName]}`].join(" ")

/**
 * The exports of a CommonJS package that `import()` returned. Node finds the names of most exports; bundlers put all of
 * them into `default`. `name` is an export that the caller needs.
 */
const exportsOf = <M extends object>(module: M, name: keyof M & string): M | undefined => {
  const candidates: ReadonlyArray<unknown> = [module, hasProperty(module, "default") ? module.default : undefined]
  // `default` has the same exports, one level deeper.
  return candidates.find((candidate) => hasProperty(candidate, name)) as M | undefined
}

/** Loads a package. The caller passes `import()` with the literal name of the package, because bundlers need it. */
export const loadPackage = <M extends object>(
  packageName: string,
  name: keyof M & string,
  load: () => Promise<M>
): Effect.Effect<M, PackageNotLoaded> =>
  Effect.tryPromise({
    try: load,
    catch: (cause) => new PackageNotLoaded({ packageName, code: codeOf(cause), cause })
  }).pipe(
    Effect.flatMap((module) => {
      const exports = exportsOf(module, name)
      return exports === undefined
        ? new PackageNotLoaded({ packageName, code: `it has no ${name}` })
        : Effect.succeed(exports)
    })
  )
