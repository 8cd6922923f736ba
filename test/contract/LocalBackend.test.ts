import * as LocalBackend from "effect-agentcore-identity/local/LocalBackend"
import * as OAuthClient from "effect-agentcore-identity/local/OAuthClient"
import * as Layer from "effect/Layer"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { limits } from "./limits.js"
import type { Subject } from "./utils.js"

/** In process. */
const subject: Subject = {
  name: "LocalBackend",
  layer: (oauth) => Layer.provide(LocalBackend.layer(), OAuthClient.layerScripted(oauth)),
  checks: "planes",
  remote: false
}

contract(subject)
consent(subject)
limits(subject)
