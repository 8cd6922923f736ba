import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe } from "vitest"
import { scriptedServer } from "../support/localBackend.js"
import * as UncheckedPlanes from "../support/uncheckedPlanes.js"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { controlPlane } from "./controlPlane.js"
import { limits } from "./limits.js"
import { resources } from "./resources.js"
import { securityTokenService } from "./securityTokenService.js"
import type { Subject } from "./utils.js"

/** The options that all adapters have. */
type MakePlanes = (
  options: Omit<AwsPlanes.HttpOptions, "controlPlane" | "dataPlane" | "sts">
) => ReturnType<typeof AwsPlanes.layer>

/** Planes → adapter → HTTP → server → backend. */
const layer = (planes: MakePlanes): Subject["layer"] => (oauth, options) =>
  Layer.unwrap(Effect.map(LocalIdentity.LocalServer, ({ url }) =>
    planes({
      endpoint: url,
      region: "us-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") },
      maxAttempts: 1
    }))).pipe(
      Layer.provideMerge(scriptedServer(options, oauth))
    )

const subjects: ReadonlyArray<Subject> = [
  {
    name: "AwsPlanes over LocalServer",
    layer: layer((options) => AwsPlanes.layer(options)),
    checks: "planes",
    remote: true
  },
  {
    name: "AWS SDK over LocalServer, without checks before the wire",
    layer: layer(UncheckedPlanes.layerSdk),
    checks: "service",
    remote: true
  },
  {
    name: "AwsPlanes.layerHttpNode over LocalServer",
    layer: layer(AwsPlanes.layerHttpNode),
    checks: "planes",
    remote: true
  },
  {
    name: "AwsPlanes.layerHttp over LocalServer by fetch, without checks before the wire",
    layer: layer((options) => Layer.provide(UncheckedPlanes.layerHttp(options), FetchHttpClient.layer)),
    checks: "service",
    remote: true
  }
]

for (const subject of subjects) {
  describe(subject.name, () => {
    contract(subject)
    securityTokenService(subject)
    if (subject.name.includes("by fetch")) {
      // Everything else is shared with `layerHttpNode`.
      resources(subject)
    } else {
      controlPlane(subject)
      consent(subject)
      // The planes of both adapters check alike, and the values that pass go over the AWS SDK without checks too.
      if (subject.name !== "AwsPlanes over LocalServer") limits(subject)
    }
  })
}
