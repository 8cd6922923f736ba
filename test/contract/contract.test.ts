import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe } from "vitest"
import { backend, scriptedServer } from "../support/localBackend.js"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { lists } from "./lists.js"
import { providers } from "./providers.js"
import { resources } from "./resources.js"
import type { Subject } from "./utils.js"

/** The options that both adapters have. */
type Options = Omit<AwsPlanes.HttpOptions, "controlPlane" | "dataPlane" | "sts">

/** Planes → adapter → HTTP → server → backend. */
const overServer =
  (planes: (options: Options) => ReturnType<typeof AwsPlanes.layer>): Subject["layer"] => (oauth, options) =>
    Layer.unwrap(Effect.map(LocalIdentity.LocalServer, ({ url }) =>
      planes({
        endpoint: url,
        region: "us-west-2",
        credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") },
        maxAttempts: 1
      }))).pipe(Layer.provideMerge(scriptedServer(options, oauth)))

/** `AwsPlanes.layerHttp` is the subject of `test/conformance`, which also has the behavior that AWS documents. */
const subjects: ReadonlyArray<Subject> = [
  { name: "LocalBackend, in this process", layer: backend, remote: false },
  { name: "AwsPlanes.layer over LocalServer", layer: overServer((options) => AwsPlanes.layer(options)), remote: true },
  { name: "AwsPlanes.layerHttpNode over LocalServer", layer: overServer(AwsPlanes.layerHttpNode), remote: true }
]

for (const subject of subjects) {
  describe(subject.name, () => {
    contract(subject)
    resources(subject)
    providers(subject)
    lists(subject)
    consent(subject)
  })
}
