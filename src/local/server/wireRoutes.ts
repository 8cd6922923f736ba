/** The routes of the wire protocol, made from the tables of the planes. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import { UnknownServiceError, type ValidationException } from "../../IdentityError.js"
import type { Violation } from "../../models/internal/violation.js"
import type * as Operation from "../../Operation.js"
import * as Validation from "../../plane/validation.js"
import { explain } from "../backend/callContext.js"
import type { PlaneError } from "../control/exceptions.js"
import * as WireErrors from "./errors.js"

interface Route extends Pick<Operation.Any, "name" | "method" | "status"> {
  /** `*` matches the rest of the path, which is one ARN. */
  readonly path: `/${string}`
}

export interface Row<Plane> extends Route {
  /** Takes the members of the request's JSON object. Returns the members of the response, as in the AWS SDK. */
  readonly call: (plane: Plane, input: object) => Effect.Effect<unknown, PlaneError>
}

// As at AWS, unknown members of a request are ignored. The log and the reasons name them, because the response does
// not: a member may be misspelled, or newer than this version.

/** The members that a schema knows of a value. */
interface Known {
  /** The members of an object. */
  readonly members?: ReadonlyMap<string, Known> | undefined
  /** The members of the values of a map. The keys of a map are data. */
  readonly value?: Known | undefined
  /** The members of the items of a list. */
  readonly item?: Known | undefined
}

/** Flattens unions into the schemas that a value may have on the wire. */
const flatten = (schema: AST.AST): ReadonlyArray<AST.AST> => {
  const ast = AST.toEncoded(schema)
  return ast._tag === "Union"
    ? ast.types.flatMap(flatten)
    : ast._tag === "Declaration"
    ? ast.typeParameters.flatMap(flatten)
    : [ast]
}

/** A member of the type `never` does not exist. */
const isPossible = ({ type }: { readonly type: AST.AST }): boolean => !AST.isNever(type)

const readKnown = (schemas: ReadonlyArray<AST.AST>): Known => {
  const all = schemas.flatMap(flatten)
  const arrays = all.filter(AST.isArrays)
  const objects = all.filter(AST.isObjects)
  const properties = objects.flatMap(({ propertySignatures }) => propertySignatures).filter(isPossible)
  const values = objects.flatMap(({ indexSignatures }) => indexSignatures).filter(isPossible)
  const readTypes = (members: ReadonlyArray<{ readonly type: AST.AST }>) => readKnown(members.map(({ type }) => type))
  return {
    members: objects.length === 0
      ? undefined
      : new Map(Object.entries(Record.map(Arr.groupBy(properties, ({ name }) => String(name)), readTypes))),
    value: values.length === 0 ? undefined : readTypes(values),
    item: arrays.length === 0 ? undefined : readKnown(arrays.flatMap(({ elements, rest }) => [...elements, ...rest]))
  }
}

const maxPaths = 10

/** Shortens and escapes a name. A client chose it, so it may be long, and contain escape sequences of terminals. */
const formatName = (name: string): string =>
  /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64)).replaceAll(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const collect = (known: Known, value: unknown, path: string, found: Array<string>): void => {
  if (found.length > maxPaths) return
  if (Array.isArray(value)) {
    if (known.item !== undefined) {
      for (const [index, item] of value.entries()) collect(known.item, item, `${path}${index}.`, found)
    }
    return
  }
  if (!Predicate.isObject(value)) return
  for (const [name, member] of Object.entries(value)) {
    // As at AWS, a member that is null counts as absent.
    if (member === null) continue
    const inner = known.members?.get(name) ?? known.value
    if (inner !== undefined) collect(inner, member, `${path}${formatName(name)}.`, found)
    else if (known.members !== undefined) found.push(`${path}${formatName(name)}`)
  }
}

/** Finds the paths of unknown members: up to ten, and an ellipsis if there are more. */
export const findUnknownMembers = (schema: Schema.Top): (request: unknown) => ReadonlyArray<string> => {
  const known = readKnown([schema.ast])
  return (request) => {
    const found: Array<string> = []
    collect(known, request, "", found)
    return found.length > maxPaths ? [...found.slice(0, maxPaths), "…"] : found
  }
}

/** A service of AWS reads the types of a request before it checks the constraints of the service model. */
const rejectRequest = (
  operation: string,
  violations: ReadonlyArray<Violation>,
  input: object
): Effect.Effect<never, ValidationException | UnknownServiceError> => {
  const wrong = violations.find(({ rule }) => rule === "type")
  if (wrong === undefined) return Effect.fail(Validation.validationException(violations, operation))
  const { message, name: code, status } = WireErrors.wrongType(Validation.valueAt(input, wrong.path))
  return Effect.andThen(
    explain(`the value at '${wrong.path.map(String).join(".")}' has another type than in the service model`),
    Effect.fail(new UnknownServiceError({ operation, code, status, message }))
  )
}

const row = <Plane extends object>(method: string, operation: Operation.Any): Row<Plane> => {
  const decode = Validation.decode(operation.request)
  const findUnknown = findUnknownMembers(operation.request)
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
      const request = Effect.catch(
        Effect.fromResult(decode(input)),
        (violations) => rejectRequest(operation.name, violations, input)
      )
      const run = Effect.map(Effect.flatMap(request, methodOf(plane)), encode)
      const unknown = findUnknown(input)
      if (unknown.length === 0) return run
      const reason = `the request has members that this version does not know, and ignores: ${unknown.join(", ")}`
      return Effect.logWarning(`${operation.name}: ${reason}`).pipe(
        Effect.andThen(explain(reason)),
        Effect.andThen(run)
      )
    }
  }
}

/** The rows of each path. */
export type Routes<Plane> = ReadonlyMap<Route["path"], ReadonlyArray<Row<Plane>>>

export const routes = <const T extends Operation.Table>(table: T): Routes<Operation.Plane<T>> => {
  const paths = new Map<Route["path"], ReadonlyArray<Row<Operation.Plane<T>>>>()
  for (const [method, operation] of Object.entries(table)) {
    const added = row<Operation.Plane<T>>(method, operation)
    paths.set(added.path, [...paths.get(added.path) ?? [], added])
  }
  return paths
}

export const dataPlane: Routes<DataPlane.Service> = routes(DataPlane.operations)

export const controlPlane: Routes<ControlPlane.Operations> = routes(ControlPlane.operations)

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
