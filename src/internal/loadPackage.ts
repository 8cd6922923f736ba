/** Packages that are loaded at their first use: the optional ones, and those that take long to load. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import { codeOf } from "./errorCode.js"

/**
 * The package is not installed, a bundle lacks it, or it has other exports. `message` quotes no error: those of
 * packages can name secrets.
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

/** The versions of the optional packages, as `peerDependencies` has them. The next line of each may not work. */
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
 * Returns the exports of a CommonJS package from what `import()` returned. Node finds the names of most exports, and
 * bundlers leave them all in `default`. `member` is an export that the caller needs.
 */
const exportsOf = <M extends object>(module: M, member: keyof M & string): M | undefined => {
  const candidates: ReadonlyArray<unknown> = [module, hasProperty(module, "default") ? module.default : undefined]
  // `default` has the same exports, one level deeper.
  return candidates.find((candidate) => hasProperty(candidate, member)) as M | undefined
}

/** Loads a package. The caller writes `import()` with the package's name in it, because bundlers look for that. */
export const loadPackage = <M extends object>(
  packageName: string,
  member: keyof M & string,
  load: () => Promise<M>
): Effect.Effect<M, PackageNotLoaded> =>
  Effect.tryPromise({
    try: load,
    catch: (cause) => new PackageNotLoaded({ packageName, code: codeOf(cause), cause })
  }).pipe(
    Effect.flatMap((module) => {
      const exports = exportsOf(module, member)
      return exports === undefined
        ? new PackageNotLoaded({ packageName, code: `it has no ${member}` })
        : Effect.succeed(exports)
    })
  )
