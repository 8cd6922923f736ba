/** `LocalControl` as functions that return promises. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Change, IdentitySetup } from "../../IdentitySetup.js"
import { type Plain, toPlain } from "../../local/control/nativeValue.js"
import type * as LocalBackend from "../../local/LocalBackend.js"
import * as LocalControl from "../../local/LocalControl.js"

/** Runs an effect as a promise. */
export type Run = <A>(effect: Effect.Effect<A, unknown>) => Promise<A>

export type Consent = Plain<LocalBackend.ConsentStatus>

export type Grant = Plain<LocalBackend.GrantStatus>

export type FaultStatus = Plain<LocalControl.FaultStatus>

export type RequestRecord = Plain<LocalControl.RequestRecord>

export type ClockState = Plain<LocalControl.ClockState>

export type Refusal = Plain<LocalBackend.Refusal>

export type Resources = Plain<LocalControl.Resources>

export interface Control<Setup> {
  /** Goes back to the start: the setup again, the real time, no faults and no requests. Snapshots stay. */
  readonly reset: () => Promise<void>
  /** Adds a setup until the next `reset`, and returns what changed. */
  readonly seed: (setup: Setup) => Promise<ReadonlyArray<Pick<Change, "action" | "kind" | "name">>>
  /** Copies the content under a name, in memory. */
  readonly snapshot: (name: string) => Promise<void>
  readonly snapshots: () => Promise<ReadonlyArray<Plain<LocalControl.Snapshot>>>
  /** Replaces the content by a snapshot, or by what `export` returned. */
  readonly restore: (from: string | { readonly sealed: string; readonly key: string }) => Promise<void>
  /** Returns the content, sealed with a key of 32 bytes in base64url. */
  readonly export: (options: { readonly key: string }) => Promise<string>
  readonly clock: {
    readonly state: () => Promise<ClockState>
    /** Moves the clock forward, by milliseconds or a string such as `"61 minutes"`. */
    readonly advance: (duration: Parameters<LocalControl.ClockControl["advance"]>[0]) => Promise<ClockState>
    readonly set: (time: Date) => Promise<ClockState>
    readonly reset: () => Promise<ClockState>
  }
  readonly faults: {
    readonly list: () => Promise<ReadonlyArray<FaultStatus>>
    readonly add: (fault: LocalControl.Fault) => Promise<FaultStatus>
    readonly remove: (id: string) => Promise<void>
    readonly clear: () => Promise<void>
  }
  /** The last 500 requests, the newest first, with the reasons of errors. */
  readonly requests: () => Promise<ReadonlyArray<RequestRecord>>
  /** The requests from the first `next()` on, until the server stops. */
  readonly events: () => AsyncIterable<RequestRecord>
  /** The last 100 refusals of authorization servers, the newest first. */
  readonly refusals: () => Promise<ReadonlyArray<Refusal>>
  /** The names of workload identities and credential providers. */
  readonly resources: () => Promise<Resources>
  readonly consents: {
    /** The newest first. */
    readonly list: () => Promise<ReadonlyArray<Consent>>
    /** Consents in place of the user. The session is named by its id, or by its URI. `userName` signs in. */
    readonly approve: (consent: string, options?: { readonly userName?: string | undefined }) => Promise<void>
    readonly deny: (consent: string) => Promise<void>
    readonly expire: (consent: string) => Promise<void>
  }
  readonly grants: {
    readonly list: () => Promise<ReadonlyArray<Grant>>
    /** Ends the access token. */
    readonly expire: (id: string) => Promise<void>
    /** Revokes the refresh token at the authorization server. */
    readonly revoke: (id: string) => Promise<void>
    /** Removes the grant from the vault. */
    readonly forget: (id: string) => Promise<void>
  }
}

/** A session URI is a URN, and an id is not. */
const toConsent = (consent: string): LocalControl.Consent =>
  consent.startsWith("urn:") ? Redacted.make(consent) : consent

export const make = <Setup>(control: LocalControl.Service, options: {
  readonly run: Run
  readonly parse: (setup: Setup) => Effect.Effect<IdentitySetup, unknown>
  readonly stopped: Effect.Effect<void>
}): Control<Setup> => {
  const { parse, run, stopped } = options
  const { clock, consents, faults, grants } = control
  const runPlain = <A>(effect: Effect.Effect<A, unknown>) => run(Effect.map(effect, toPlain))
  return {
    reset: () => run(control.reset),
    seed: (setup) =>
      run(
        Effect.flatMap(parse(setup), control.seed).pipe(
          Effect.map((changes) => changes.map(({ action, kind, name }) => ({ action, kind, name })))
        )
      ),
    snapshot: (name) => run(control.snapshot(name)),
    snapshots: () => runPlain(control.snapshots),
    restore: (from) =>
      run(control.restore(typeof from === "string" ? from : { sealed: from.sealed, key: Redacted.make(from.key) })),
    export: ({ key }) => run(control.export({ key: Redacted.make(key) })),
    clock: {
      state: () => runPlain(clock.state),
      advance: (duration) => runPlain(clock.advance(duration)),
      set: (time) =>
        runPlain(
          Effect.flatMap(
            Option.match(DateTime.make(time), {
              onNone: () =>
                Effect.fail(
                  new LocalControl.LocalControlError({ reason: "InvalidTime", message: "The time is not a valid Date" })
                ),
              onSome: (time) => Effect.succeed(DateTime.toUtc(time))
            }),
            clock.set
          )
        ),
      reset: () => runPlain(clock.reset)
    },
    faults: {
      list: () => runPlain(faults.list),
      add: (fault) => runPlain(faults.add(fault)),
      remove: (id) => run(faults.remove(id)),
      clear: () => run(faults.clear)
    },
    requests: () => runPlain(control.requests),
    events: () => Stream.toAsyncIterable(control.events.pipe(Stream.map(toPlain), Stream.interruptWhen(stopped))),
    refusals: () => runPlain(control.refusals),
    resources: () => runPlain(control.resources),
    consents: {
      list: () => runPlain(consents.list),
      approve: (consent, options) => run(consents.approve(toConsent(consent), options)),
      deny: (consent) => run(consents.deny(toConsent(consent))),
      expire: (consent) => run(consents.expire(toConsent(consent)))
    },
    grants: {
      list: () => runPlain(grants.list),
      expire: (id) => run(grants.expire(id)),
      revoke: (id) => run(grants.revoke(id)),
      forget: (id) => run(grants.forget(id))
    }
  }
}
