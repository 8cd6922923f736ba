/**
 * What the run of the demo at AWS has to be told: apart from the demo, which is loaded only when it runs.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/** @internal */
export interface AwsSettings {
  readonly workload: string
  readonly user: string
  readonly machineProvider: string
  readonly userProvider: string
  readonly apiKeyProvider: string
  readonly returnUrl: string
  readonly apiUrl: string
}

/** @internal */
export const environmentVariable = (flag: string): string => `AGENTCORE_DEMO_${flag.toUpperCase().replaceAll("-", "_")}`

/** @internal */
export class MissingSettings extends Data.TaggedError("MissingSettings")<{ readonly names: ReadonlyArray<string> }> {
  override get message() {
    const lines = this.names.map((name) => `  --${name}   or   ${environmentVariable(name)}`)
    return `the run at AWS uses what you have set up there, and has to be told:\n${lines.join("\n")}`
  }
}
