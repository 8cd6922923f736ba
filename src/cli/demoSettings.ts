/** The settings of the demo at AWS. A module of its own, because the demo is loaded only when it runs. */
import * as Data from "effect/Data"

export interface AwsSettings {
  readonly workload: string
  readonly user: string
  readonly machineProvider: string
  readonly userProvider: string
  readonly apiKeyProvider: string
  readonly returnUrl: string
  readonly apiUrl: string
}

export const environmentVariable = (flag: string): string => `AGENTCORE_DEMO_${flag.toUpperCase().replaceAll("-", "_")}`

export class MissingSettings extends Data.TaggedError("MissingSettings")<{ readonly names: ReadonlyArray<string> }> {
  override get message() {
    const lines = this.names.map((name) => `  --${name}   or   ${environmentVariable(name)}`)
    return `the run at AWS uses resources of yours, and needs their names:\n${lines.join("\n")}`
  }
}
