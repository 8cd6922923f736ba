import { lists } from "./lists.js"
import { providers } from "./providers.js"
import { resources } from "./resources.js"
import type { Subject } from "./utils.js"

/** The operations that set up resources before an agent runs. */
export const controlPlane = (subject: Subject): void => {
  resources(subject)
  providers(subject)
  lists(subject)
}
