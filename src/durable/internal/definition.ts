/** The workflow, as databases know it. */
import * as DurableDeferred from "effect/workflow/DurableDeferred"
import * as Workflow from "effect/workflow/Workflow"
import { ConsentNotObtained, Outcome, Payload } from "./model.js"

export const workflow: Workflow.Workflow<
  "effect-agentcore-identity/ObtainConsent",
  typeof Payload,
  typeof Outcome,
  typeof ConsentNotObtained
> = Workflow.make("effect-agentcore-identity/ObtainConsent", {
  payload: Payload,
  success: Outcome,
  error: ConsentNotObtained,
  idempotencyKey: ({ credential, episode, userId, workload }) => JSON.stringify([workload, userId, credential, episode])
})

/** Done when the user has consented. */
export const granted = DurableDeferred.make("granted")
