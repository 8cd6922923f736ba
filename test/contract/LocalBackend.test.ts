import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Layer from "effect/Layer"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { controlPlane } from "./controlPlane.js"
import { limits } from "./limits.js"
import { securityTokenService } from "./securityTokenService.js"
import type { Subject } from "./utils.js"

/** The local backend in this process. */
const subject: Subject = {
  name: "LocalBackend",
  layer: (oauth, options) => Layer.provide(LocalBackend.layer(options), OAuthClient.layerScripted(oauth)),
  checks: "planes",
  remote: false
}

contract(subject)
controlPlane(subject)
consent(subject)
limits(subject)
securityTokenService(subject)
