/** Services of Effect as objects whose functions return promises, and their options for programs without Effect. */
import * as Effect from "effect/Effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as Option from "effect/Option"
import * as Record from "effect/Record"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Constraint from "../../internal/models/constraint.js"
import * as Native from "../../internal/models/native.js"
import type { UserIdentifier } from "../../UserIdentifier.js"
import type { User } from "./workload.js"

/** Functions that return promises. An effect, or a stream, becomes a function without arguments. */
export type Promised<A> = A extends Effect.Effect<infer B, unknown, unknown> ? () => Promise<Native.Plain<B>>
  : A extends Stream.Stream<infer B, unknown, unknown> ? () => AsyncIterable<Native.Plain<B>>
  : A extends (...args: infer Args) => Effect.Effect<infer B, unknown, unknown>
    ? (...args: Args) => Promise<Native.Plain<B>>
  : { readonly [K in keyof A]: Promised<A[K]> }

/** An option of a module with Effect, for programs without it. */
export type Input<A> = A extends Redacted.Redacted ? A | string
  : A extends Option.Option<infer B> ? Input<B> | undefined
  : A extends UserIdentifier ? User
  : A extends HttpServerResponse.HttpServerResponse ? Response
  : A extends ReadonlyArray<infer B> ? number extends A["length"] ? ReadonlyArray<Input<B>> : A
  : A extends (...args: infer Args) => Effect.Effect<infer B, unknown, unknown>
    ? (...args: Args) => Input<B> | Promise<Input<B>>
  : A

/** Options of a module with Effect, for programs without it. */
export type Inputs<A> = { readonly [K in keyof A]: Input<A[K]> }

/** Schemas of options that another module checks. */
export const unchecked = <Name extends string>(
  ...names: ReadonlyArray<Name>
): { readonly [K in Name]: Schema.Schema<unknown> } =>
  // All names have a schema.
  Object.fromEntries(names.map((name) => [name, Constraint.optional(Schema.Unknown)])) as never

type Served<R> =
  | Effect.Effect<unknown, unknown, R>
  | Stream.Stream<unknown, unknown, R>
  | ((...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown, R>)
  | { readonly [name: string]: Served<R> }

interface Runtime<R> {
  readonly run: <A>(effect: Effect.Effect<A, unknown, R>) => Promise<A>
  /** Supplies the services of a stream, and ends it with the service. */
  readonly within: <A>(stream: Stream.Stream<A, unknown, R>) => Stream.Stream<A, unknown>
}

const convert = <R>(value: Served<R>, runtime: Runtime<R>): unknown => {
  const runPlain = (effect: Effect.Effect<unknown, unknown, R>) => runtime.run(Effect.map(effect, Native.toPlain))
  if (Effect.isEffect(value)) return () => runPlain(value)
  if (Stream.isStream(value)) return () => Stream.toAsyncIterable(runtime.within(Stream.map(value, Native.toPlain)))
  if (typeof value === "function") {
    return (...args: ReadonlyArray<never>) => runPlain(Effect.suspend(() => value(...args)))
  }
  return Record.map(value, (inner) => convert(inner, runtime))
}

/** `R` are the services that the functions need. */
export const toPromise = <R, A extends object>(service: A, runtime: Runtime<R>): Promised<A> =>
  // The type and `convert` have the same cases.
  convert(service as object as Served<R>, runtime) as Promised<A>
