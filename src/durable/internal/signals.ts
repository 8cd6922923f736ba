/** Signals that finish the executions that wait for a grant. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as DurableDeferred from "effect/workflow/DurableDeferred"
import { WorkflowEngine } from "effect/workflow/WorkflowEngine"
import { ConsentSignals, type Service, type Topic } from "../../ConsentSignals.js"
import { granted, workflow } from "./definition.js"

const parse = Schema.decodeResult(DurableDeferred.TokenParsed.FromString)

/** A registration is the token of the deferred. Another program may have registrations of another form. */
const isOurs = (registration: string): registration is DurableDeferred.Token => {
  const token = parse(registration)
  return Result.isSuccess(token) && token.success.workflowName === workflow._tag
}

export const make: Effect.Effect<Service, never, ConsentSignals | WorkflowEngine> = Effect.gen(function*() {
  const base = yield* ConsentSignals
  const engine = yield* WorkflowEngine

  const finish = (topic: Topic, token: DurableDeferred.Token) =>
    DurableDeferred.succeed(granted, { token, value: undefined }).pipe(
      Effect.andThen(base.unregister(topic, token)),
      // A database that fails is a defect of the engine.
      Effect.catchCause(() =>
        Effect.logWarning("A workflow that waits for a consent was not resumed. It asks AgentCore at its next reminder")
      ),
      Effect.provideService(WorkflowEngine, engine)
    )

  const finishAll = (topic: Topic) =>
    Effect.matchEffect(base.registrations(topic), {
      onFailure: (error) => Effect.logWarning(`The workflows that wait for a consent are not known: ${error.message}`),
      onSuccess: (registrations) =>
        Effect.forEach(registrations.filter(isOurs), (token) => finish(topic, token), {
          concurrency: 8,
          discard: true
        })
    })

  return {
    ...base,
    signal: (topic, outcome) =>
      Effect.andThen(
        base.signal(topic, outcome),
        topic._tag === "Grant" && outcome === "Completed" ? finishAll(topic) : Effect.void
      )
  }
})
