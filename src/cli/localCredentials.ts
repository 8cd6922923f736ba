/** The access key of `agentcore-identity local --signatures verify`. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { randomSecret } from "../local/internal/randomSecret.js"
import type * as LocalServer from "../local/LocalServer.js"
import type { Environment } from "./shellText.js"

export interface AccessKeys {
  readonly credentials: ReadonlyArray<LocalServer.Credentials>
  /** Exports a generated key. A caller knows a key of their own. */
  readonly environment: Environment
}

const configured = Config.all({
  accessKeyId: Config.String("AGENTCORE_LOCAL_ACCESS_KEY_ID"),
  secretAccessKey: Config.Redacted("AGENTCORE_LOCAL_SECRET_ACCESS_KEY"),
  sessionToken: Config.withDefault(Config.Redacted("AGENTCORE_LOCAL_SESSION_TOKEN"), undefined)
})

const generate: Effect.Effect<AccessKeys> = Effect.map(randomSecret, (secretAccessKey) => {
  const accessKeyId = `LOCAL${randomBytes(8).toString("hex").toUpperCase()}`
  return {
    credentials: [{ accessKeyId, secretAccessKey }],
    environment: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: Redacted.value(secretAccessKey),
      // SDKs would also sign a session token of the shell.
      AWS_SESSION_TOKEN: ""
    }
  }
})

/** Reads the key of the environment, or generates one. Only `verify` needs a key. */
export const readAccessKeys = (signatures: LocalServer.Signatures): Effect.Effect<AccessKeys> =>
  signatures !== "verify"
    ? Effect.succeed({ credentials: [], environment: {} })
    : Effect.matchEffect(configured, {
      onSuccess: (credentials) => Effect.succeed({ credentials: [credentials], environment: {} }),
      onFailure: () => generate
    })
