/**
 * The operations as the wire protocol has them: method, path, status of success, codecs, and the method of a plane. One row each.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as ControlPlane from "../../ControlPlane.js"
import type * as DataPlane from "../../DataPlane.js"
import { operations as controlPlaneRows } from "../../internal/controlPlaneOperations.js"
import { operations as dataPlaneRows } from "../../internal/dataPlaneOperations.js"
import type { Operation, Rows } from "../../internal/operation.js"
import * as Validation from "../../internal/validation.js"
import type { PlaneError } from "./errors.js"

interface Http {
  /** Default: `POST`. */
  readonly method?: "POST" | "GET" | "DELETE"
  /** Default: `/identities/<AWS name>`. */
  readonly path?: `/${string}`
  /** Default: 200. */
  readonly status?: number
}

/** @internal */
export interface Row<Plane> {
  readonly name: string
  readonly method: "POST" | "GET" | "DELETE"
  /** `*` stands for the rest of the path, which is an ARN, in one piece. */
  readonly path: `/${string}`
  /** Of an answer that is no error. 204 has no body. */
  readonly status: number
  /** From the members of a request's JSON object to those of the answer's, in the form of the AWS SDK. */
  readonly call: (plane: Plane, input: object) => Effect.Effect<unknown, PlaneError>
}

type Table<Plane, Operations> = { readonly [Name in keyof Operations]: Row<Plane> }

const table = <Operations, Plane extends Operations>(
  operations: Rows<Operations>,
  https: { readonly [Name in keyof Operations]?: Http }
): Table<Plane, Operations> => {
  const rows: { [Name in keyof Operations]?: Row<Plane> } = {}
  for (const method in operations) {
    // The request and the answer of a row are those of the plane's method of the same name; TypeScript cannot say so of an
    // unknown name.
    const operation = operations[method] as Operation<unknown, unknown>
    const call = (plane: Plane) => plane[method] as (request: unknown) => Effect.Effect<unknown, PlaneError>
    const decode = Validation.decode(operation.name, operation.request.schema)
    const http: Http = https[method] ?? {}
    rows[method] = {
      name: operation.name,
      method: http.method ?? "POST",
      path: http.path ?? `/identities/${operation.name}`,
      status: http.status ?? 200,
      call: (plane, input) => Effect.map(Effect.flatMap(decode(input), call(plane)), operation.response.encode)
    }
  }
  // Every name has got its row.
  return rows as Table<Plane, Operations>
}

/** @internal */
export const dataPlane: Table<DataPlane.Service, DataPlane.Service> = table(dataPlaneRows, {
  getResourceOauth2Token: { path: "/identities/oauth2/token" },
  getResourceApiKey: { path: "/identities/api-key" },
  getResourcePaymentToken: { path: "/identities/payment/token" }
})

const created: Http = { status: 201 }
const accepted: Http = { status: 202 }
const gone: Http = { status: 204 }

/** @internal */
export const controlPlane: Table<ControlPlane.Operations, ControlPlane.Operations> = table(controlPlaneRows, {
  createWorkloadIdentity: created,
  deleteWorkloadIdentity: gone,
  createOauth2CredentialProvider: created,
  deleteOauth2CredentialProvider: gone,
  createApiKeyCredentialProvider: created,
  deleteApiKeyCredentialProvider: gone,
  createPaymentCredentialProvider: created,
  deletePaymentCredentialProvider: gone,
  getTokenVault: { path: "/identities/get-token-vault" },
  setTokenVaultCmk: { path: "/identities/set-token-vault-cmk" },
  createConsentPortal: accepted,
  updateConsentPortal: accepted,
  deleteConsentPortal: gone,
  tagResource: { path: "/tags/*", status: 204 },
  untagResource: { path: "/tags/*", method: "DELETE", status: 204 },
  listTagsForResource: { path: "/tags/*", method: "GET" }
})

/**
 * The rows of each path.
 *
 * @internal
 */
export const byPath = <Plane>(
  rows: Readonly<Record<string, Row<Plane>>>
): ReadonlyMap<Row<Plane>["path"], ReadonlyArray<Row<Plane>>> => {
  const paths = new Map<Row<Plane>["path"], ReadonlyArray<Row<Plane>>>()
  for (const row of Object.values(rows)) paths.set(row.path, [...paths.get(row.path) ?? [], row])
  return paths
}

const paths: ReadonlySet<string> = new Set(
  [dataPlane, controlPlane].flatMap((rows) => Object.values(rows).map(({ path }) => path))
)

const decoded = (url: string): string | undefined => {
  try {
    return decodeURIComponent(url).toLowerCase()
  } catch {
    return undefined
  }
}

/**
 * Whether the address of a request may hold secrets: authorization and callback URLs do, and so does whatever looks like
 * one. A request for an operation has its secrets in the body.
 *
 * @internal
 */
export const isConfidential = (url: string): boolean => {
  if (paths.has(url)) return false
  const text = decoded(url)
  return text === undefined || text.includes("/identities/") || text.includes("request_uri")
}
