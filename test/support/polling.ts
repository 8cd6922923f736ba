import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as TokenPoller from "effect-agentcore-identity/TokenPoller"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Signals from "./signals.js"

/** Waits that poll in this interval, and after each signal. */
export const layer = (interval: Duration.Input) =>
  Layer.effect(
    TokenPoller.TokenPoller,
    Effect.map(
      PendingConsents.ConsentSignals,
      (signals) => Signals.poller(signals, TokenPoller.schedule(Schedule.spaced(interval)))
    )
  )
