import { backend } from "../support/localBackend.js"
import { consent } from "./consent.js"
import { contract } from "./contract.js"
import { controlPlane } from "./controlPlane.js"
import { limits } from "./limits.js"
import { securityTokenService } from "./securityTokenService.js"
import type { Subject } from "./utils.js"

/** The local backend in this process. */
const subject: Subject = {
  name: "LocalBackend",
  layer: backend,
  checks: "planes",
  remote: false
}

contract(subject)
controlPlane(subject)
consent(subject)
limits(subject)
securityTokenService(subject)
