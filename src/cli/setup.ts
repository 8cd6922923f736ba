/**
 * `agentcore-identity setup`: brings AgentCore Identity in line with a file, at AWS or wherever the AWS endpoints point.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AwsPlanes from "../aws/AwsPlanes.js"
import * as IdentitySetup from "../IdentitySetup.js"

const file = Args.file({ name: "FILE", exists: "yes" }).pipe(
  Args.withDescription("The setup: JSON, comments allowed")
)

const region = Options.text("region").pipe(
  Options.withDescription("The AWS region. Default: as the AWS SDK finds it"),
  Options.optional
)

const rotateSecrets = Options.boolean("rotate-secrets").pipe(
  Options.withDescription("Sends all secrets, though the service does not tell whether they differ")
)

const read = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    return yield* IdentitySetup.parse(yield* fileSystem.readFileString(path), { file: path })
  })

const planes = (region: Option.Option<string>) => AwsPlanes.layer({ region: Option.getOrUndefined(region) })

const summary = (changes: ReadonlyArray<IdentitySetup.Change>): string => {
  const count = (action: IdentitySetup.Change["action"]) => changes.filter((change) => change.action === action).length
  return `${count("create")} to create, ${count("update")} to update, ${count("unchanged")} unchanged`
}

const plan = Command.make("plan", { file, region }, ({ file, region }) =>
  Effect.gen(function*() {
    const changes = yield* IdentitySetup.plan(yield* read(file))
    yield* Console.log(`${IdentitySetup.table(changes)}\n\n${summary(changes)}`)
  }).pipe(Effect.provide(planes(region)))).pipe(
    Command.withDescription("Shows what would change")
  )

const apply = Command.make(
  "apply",
  { file, region, rotateSecrets },
  ({ file, region, rotateSecrets }) =>
    Effect.gen(function*() {
      const setup = yield* read(file)
      yield* IdentitySetup.applyStream(setup, { rotateSecrets }).pipe(
        Stream.runForEach((change) => Console.log(IdentitySetup.table([change])))
      )
    }).pipe(Effect.provide(planes(region)))
).pipe(
  Command.withDescription("Makes the changes, and reports each")
)

/** @internal */
export const setup = Command.make("setup").pipe(
  Command.withDescription("Brings AgentCore Identity in line with a file"),
  Command.withSubcommands([plan, apply])
)
