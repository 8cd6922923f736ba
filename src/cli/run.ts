/** How the command runs the program of one of its commands. */
import type * as NodeServices from "@effect/platform-node/NodeServices"
import type * as Effect from "effect/Effect"
import type { Settings } from "./logging.js"

export type Run = (program: Effect.Effect<unknown, unknown, NodeServices.NodeServices>, log: Settings) => void
