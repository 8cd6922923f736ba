/** The routes of the wire protocol, made from the tables of the planes. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import { UnknownServiceError, type ValidationException } from "../../IdentityError.js"
import type { Violation } from "../../internal/models/violation.js"
import type * as Rows from "../../internal/plane/operation.js"
import * as Validation from "../../internal/plane/validation.js"
import type * as Operation from "../../Operation.js"
import { explain } from "../backend/callContext.js"
import type { PlaneError } from "../control/exceptions.js"
import * as WireErrors from "./errors.js"

interface Route extends Pick<Rows.Any, "name" | "method" | "status"> {
  /** `*` matches the rest of the path, which is one ARN. */
  readonly path: `/${string}`
}

export interface Row<Plane> extends Route {
  /** Takes the members of the request's JSON object. Returns the members of the response, as in the AWS SDK. */
  readonly call: (plane: Plane, input: object) => Effect.Effect<unknown, PlaneError>
}

// As at AWS, unknown members of a request are ignored. The log and the reasons name them, because the response does
// not: a member may be misspelled, or newer than this version.

const maxPaths = 10

/** Shortens and escapes a name. A client chose it, so it may be long, and contain escape sequences of terminals. */
const formatName = (name: string): string =>
  /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64)).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Makes a function that decodes a request, and finds its unknown members: up to ten, and an ellipsis for others. */
export const decodeRequest = <A, I>(schema: Schema.Codec<A, I>) => {
  const decodeKnown = Validation.decode(schema, "error")
  const decode = Validation.decode(schema)
  return (input: unknown) => {
    const known = decodeKnown(input)
    if (Result.isSuccess(known)) return { request: known, unknown: [] }
    const paths = known.failure.filter(({ rule }) => rule === "name")
      .map(({ path }) => path.map((name) => formatName(String(name))).join("."))
    return { request: decode(input), unknown: paths.length > maxPaths ? [...paths.slice(0, maxPaths), "…"] : paths }
  }
}

/** Whether the value has another type than in the service model. Its integers have 32 bits. */
const isWrongType = ({ path, rule }: Violation, input: object): boolean => {
  const value = Validation.valueAt(input, path)
  return rule === "type"
    || (rule === "value" && !Predicate.isNullish(value) && typeof value !== "string")
    || (value === null && typeof path.at(-1) === "number")
    || (typeof value === "number" && (!Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1))
}

/** A service of AWS reads the types of a request before it checks the constraints of the service model. */
const rejectRequest = (
  operation: string,
  violations: ReadonlyArray<Violation>,
  input: object
): Effect.Effect<never, ValidationException | UnknownServiceError> => {
  const wrong = violations.find((violation) => isWrongType(violation, input))
  if (wrong === undefined) return Effect.fail(Validation.validationException(violations, operation))
  const { message, name: code, status } = WireErrors.wrongType(Validation.valueAt(input, wrong.path))
  return Effect.andThen(
    explain(`the value at '${wrong.path.map(String).join(".")}' has another type than in the service model`),
    Effect.fail(new UnknownServiceError({ operation, code, status, message }))
  )
}

const row = <Plane extends object>(method: string, operation: Rows.Any): Row<Plane> => {
  const decode = decodeRequest(operation.request)
  // The method of a plane takes the request of its row, and returns the response of its row.
  const encode = operation.response.encode as (response: unknown) => unknown
  const methodOf = (plane: Plane) =>
    Reflect.get(plane, method) as (request: unknown) => Effect.Effect<unknown, PlaneError>
  return {
    name: operation.name,
    method: operation.method,
    path: operation.path.replace(/\{\w+\}/, "*") as Route["path"],
    status: operation.status,
    call: (plane, input) => {
      const { request, unknown } = decode(input)
      const run = Effect.fromResult(request).pipe(
        Effect.catch((violations) => rejectRequest(operation.name, violations, input)),
        Effect.flatMap(methodOf(plane)),
        Effect.map(encode)
      )
      if (unknown.length === 0) return run
      const reason = `the request has members that this version does not know, and ignores: ${unknown.join(", ")}`
      return Effect.logWarning(`${operation.name}: ${reason}`).pipe(
        Effect.andThen(explain(reason)),
        Effect.andThen(run)
      )
    }
  }
}

export type Routes<Plane> = ReadonlyMap<Route["path"], ReadonlyArray<Row<Plane>>>

export const routes = <const T extends Rows.Table>(table: T): Routes<Operation.Plane<T>> => {
  const paths = new Map<Route["path"], ReadonlyArray<Row<Operation.Plane<T>>>>()
  for (const [method, operation] of Object.entries(table)) {
    const added = row<Operation.Plane<T>>(method, operation)
    paths.set(added.path, [...paths.get(added.path) ?? [], added])
  }
  return paths
}

export const dataPlane: Routes<DataPlane.DataPlane["Service"]> = routes(DataPlane.operations)

export const controlPlane: Routes<Operation.Plane<typeof ControlPlane.operations>> = routes(ControlPlane.operations)

const operationPaths: ReadonlySet<string> = new Set([...dataPlane.keys(), ...controlPlane.keys()])

const decodeUrl = Option.liftThrowable(decodeURIComponent)

/**
 * Whether the URL of a request may contain secrets. Authorization and callback URLs do, and so may every URL that looks
 * like one. Operations have their secrets in the body.
 */
export const isConfidential = (url: string): boolean => {
  if (operationPaths.has(url)) return false
  const decoded = Option.getOrUndefined(decodeUrl(url))
  return decoded === undefined || /\/identities\/|request_uri/i.test(decoded)
}
