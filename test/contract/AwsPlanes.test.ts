import * as AwsPlanes from "effect-agentcore-identity/aws/AwsPlanes"
import * as LocalServer from "effect-agentcore-identity/local/LocalServer"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe } from "vitest"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { controlPlane } from "./controlPlane.js"
import { limits } from "./limits.js"
import { securityTokenService } from "./securityTokenService.js"
import * as UncheckedPlanes from "./uncheckedPlanes.js"
import type { Subject } from "./utils.js"

/** Planes → AWS SDK → HTTP → server → backend. */
const layer = (planes: typeof AwsPlanes.layer): Subject["layer"] => (oauth, options) =>
  Layer.unwrapEffect(Effect.map(LocalServer.LocalServer, ({ url }) =>
    planes({
      endpoint: url,
      region: "us-west-2",
      credentials: { accessKeyId: "local", secretAccessKey: Redacted.make("local") },
      maxAttempts: 1
    }))).pipe(
      Layer.provideMerge(LocalServer.layer(options)),
      Layer.provide(OAuthClient.layerScripted(oauth))
    )

const checked: Subject = {
  name: "AwsPlanes over LocalServer",
  layer: layer(AwsPlanes.layer),
  checks: "planes",
  remote: true
}

const unchecked: Subject = {
  name: "AWS SDK over LocalServer, without checks before the wire",
  layer: layer(UncheckedPlanes.layer),
  checks: "service",
  remote: true
}

for (const subject of [checked, unchecked]) {
  describe(subject.name, () => {
    contract(subject)
    controlPlane(subject)
    consent(subject)
    limits(subject)
    securityTokenService(subject)
  })
}
