/** Makes the rows of tables. */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { Operation } from "../../Operation.js"
import type { Encoded } from "../models/constraint.js"
import { mapDeep } from "../models/plainData.js"

export type Codec<A> = Operation<string, unknown, A, unknown>["response"]

export type ExceptionClass<E> = Operation<string, unknown, unknown, E>["errors"][number]

export type ExceptionMembers = ConstructorParameters<ExceptionClass<unknown>>[0]

export interface Any extends Omit<Operation<string, unknown, unknown, unknown>, "request" | "encode" | "response"> {
  readonly request: Schema.Codec<unknown, unknown>
  readonly encode: (request: never) => unknown
  readonly response: Pick<Codec<unknown>, "decode"> & { readonly encode: (response: never) => unknown }
}

/** The operations of a plane, by the names of the plane's methods. */
export interface Table {
  readonly [method: string]: Any
}

const unwrapSecrets = (request: unknown): unknown =>
  mapDeep(request, (value) => Redacted.isRedacted(value) ? Redacted.value(value) : value)

const codec = <A, I>(schema: Schema.Codec<A, I>): Codec<A> & { readonly schema: Schema.Codec<A, I> } => ({
  // Tests compare it with the service model.
  schema,
  decode: Schema.decodeUnknownOption(schema),
  // The encoder is made at its first use: only servers and scripted planes encode responses.
  encode: (response) => Schema.encodeSync(schema)(response)
})

/** The response of an operation that returns nothing. */
export const noResponse: Codec<void> = { decode: () => Option.some(undefined), encode: () => ({}) }

/** A row of a plane's table. The type of `request` allows only secrets and plain data, so encoding unwraps secrets. */
export const make = <
  const Name extends string,
  Request,
  const Errors extends ReadonlyArray<ExceptionClass<unknown>>,
  Response,
  I = never
>(name: Name, options: {
  readonly request: Schema.Codec<Request, Encoded<Request>>
  readonly response: Schema.Codec<Response, I> | Codec<Response>
  readonly errors: Errors
  /** Default: `POST`. */
  readonly method?: Any["method"]
  /** Default: `/identities/<AWS name>`. */
  readonly path?: Any["path"]
  /** Default: 200. */
  readonly status?: number
  /** Default: Infinity. */
  readonly quota?: number
}): Operation<Name, Request, Response, InstanceType<Errors[number]>> => ({
  method: "POST",
  path: `/identities/${name}`,
  status: 200,
  quota: Infinity,
  ...options,
  name,
  encode: unwrapSecrets,
  response: Schema.isSchema(options.response) ? codec(options.response) : options.response,
  // `InstanceType` of the union of classes is the union of their instances.
  errors: options.errors as ReadonlyArray<ExceptionClass<InstanceType<Errors[number]>>>
})

/** The members of a request, which is a struct in every row. */
export const membersOf = <Request, Response, E>(
  { request }: Operation<string, Request, Response, E>
): {
  readonly [K in keyof Request]-?: undefined extends Request[K]
    ? Schema.optional<Schema.Codec<Exclude<Request[K], undefined>, Encoded<Exclude<Request[K], undefined>>>>
    : Schema.Codec<Request[K], Encoded<Request[K]>>
} =>
  // The type of a row does not say so.
  (request as unknown as Schema.Struct<never>).fields
