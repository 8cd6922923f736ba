/**
 * `agentcore-identity setup`: applies a file to AgentCore Identity, at AWS or at the endpoints of the environment.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import * as IdentitySetup from "../IdentitySetup.js"

interface Settings {
  readonly file: string
  readonly region: Option.Option<string>
}

const read = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    return yield* IdentitySetup.parse(yield* fileSystem.readFileString(path), { file: path })
  })

const planes = ({ region }: Settings) => AwsPlanes.layer({ region: Option.getOrUndefined(region) })

const summary = (changes: ReadonlyArray<IdentitySetup.Change>): string => {
  const count = (action: IdentitySetup.Change["action"]) => changes.filter((change) => change.action === action).length
  return `${count("create")} to create, ${count("update")} to update, ${count("unchanged")} unchanged`
}

/** @internal */
export const plan = (settings: Settings) =>
  Effect.gen(function*() {
    const changes = yield* IdentitySetup.plan(yield* read(settings.file))
    yield* Console.log(`${IdentitySetup.table(changes)}\n\n${summary(changes)}`)
  }).pipe(Effect.provide(planes(settings)))

/** @internal */
export const apply = (settings: Settings & { readonly rotateSecrets: boolean }) =>
  Effect.gen(function*() {
    const setup = yield* read(settings.file)
    yield* IdentitySetup.applyStream(setup, settings).pipe(
      Stream.runForEach((change) => Console.log(IdentitySetup.table([change])))
    )
  }).pipe(Effect.provide(planes(settings)))
