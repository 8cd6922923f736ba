/** The routes of the wire protocol, made from the tables of the planes. */
import * as Effect from "effect/Effect"
import * as ControlPlane from "../../ControlPlane.js"
import * as DataPlane from "../../DataPlane.js"
import type * as Operation from "../../Operation.js"
import * as Validation from "../../plane/validation.js"
import { explain } from "../backend/reasons.js"
import type { PlaneError } from "../control/exceptions.js"
import * as UnknownMembers from "./unknownMembers.js"

export interface Route extends Pick<Operation.Any, "name" | "method" | "status"> {
  /** `*` stands for the rest of the path, which is an ARN in one piece. */
  readonly path: `/${string}`
}

export interface Row<Plane> extends Route {
  /** Takes the members of the request's JSON object. Returns the members of the answer, in the form of the AWS SDK. */
  readonly call: (plane: Plane, input: object) => Effect.Effect<unknown, PlaneError>
}

/** A member that the operation does not have has no effect, and the response does not say so. */
const report = (operation: string, paths: ReadonlyArray<string>): Effect.Effect<void> => {
  const reason = `the request has members that this version does not know, and ignores: ${paths.join(", ")}`
  return Effect.andThen(Effect.logWarning(`${operation}: ${reason}`), explain(reason))
}

const row = <Plane extends object>(method: string, operation: Operation.Any): Row<Plane> => {
  const decode = Validation.decode(operation.request)
  const findUnknown = UnknownMembers.find(operation.request)
  // The method of a plane takes the request of the row of its name, and returns the row's answer.
  const encode = operation.response.encode as (answer: unknown) => unknown
  const methodOf = (plane: Plane) =>
    Reflect.get(plane, method) as (request: unknown) => Effect.Effect<unknown, PlaneError>
  return {
    name: operation.name,
    method: operation.method,
    path: operation.path.replace(/\{\w+\}/, "*") as Route["path"],
    status: operation.status,
    call: (plane, input) => {
      const run = Effect.map(Effect.flatMap(Effect.fromResult(decode(input)), methodOf(plane)), encode)
      const unknown = findUnknown(input)
      return unknown.length === 0 ? run : Effect.andThen(report(operation.name, unknown), run)
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

export const dataPlane: Routes<DataPlane.Operations> = routes(DataPlane.operations)

export const controlPlane: Routes<ControlPlane.Operations> = routes(ControlPlane.operations)

const paths: ReadonlySet<string> = new Set([...dataPlane.keys(), ...controlPlane.keys()])

const decodeUrl = (url: string): string | undefined => {
  try {
    return decodeURIComponent(url).toLowerCase()
  } catch {
    return undefined
  }
}

/**
 * Whether the address of a request may hold secrets. Authorization and callback URLs do, and every URL that looks like one may. The
 * secrets of a request for an operation are in its body.
 */
export const isConfidential = (url: string): boolean => {
  if (paths.has(url)) return false
  const text = decodeUrl(url)
  return text === undefined || text.includes("/identities/") || text.includes("request_uri")
}
