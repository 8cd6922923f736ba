/**
 * The operations as the wire protocol has them: path, status of success, codecs, and the method of a plane. One row each.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as ControlPlane from "../../ControlPlane.js"
import type * as DataPlane from "../../DataPlane.js"
import * as Operations from "../operations.js"
import * as Validation from "../validation.js"
import type { PlaneError } from "./wireErrors.js"

/** @internal */
export interface Row<Plane> {
  readonly name: string
  readonly path: `/${string}`
  /** Of an answer that is no error. */
  readonly status: number
  /** From the members of a request's JSON object to those of the answer's, in the form of the AWS SDK. */
  readonly call: (plane: Plane, input: object) => Effect.Effect<unknown, PlaneError>
}

const row = <Plane, Request, Response>(
  operation: Operations.Operation<Request, Response>,
  method: (plane: Plane) => (request: Request) => Effect.Effect<Response, PlaneError>,
  options: { readonly status: number; readonly path?: `/${string}` }
): Row<Plane> => {
  const decode = Validation.decode(operation.name, operation.request.schema)
  return {
    name: operation.name,
    path: options.path ?? `/identities/${operation.name}`,
    status: options.status,
    call: (plane, input) => Effect.map(Effect.flatMap(decode(input), method(plane)), operation.response.encode)
  }
}

const data = Operations.dataPlane

/** @internal */
export const dataPlane: { readonly [Name in DataPlane.Operation]: Row<DataPlane.Service> } = {
  getWorkloadAccessToken: row(data.getWorkloadAccessToken, (plane) => plane.getWorkloadAccessToken, { status: 200 }),
  getWorkloadAccessTokenForJwt: row(
    data.getWorkloadAccessTokenForJwt,
    (plane) => plane.getWorkloadAccessTokenForJwt,
    { status: 200 }
  ),
  getWorkloadAccessTokenForUserId: row(
    data.getWorkloadAccessTokenForUserId,
    (plane) => plane.getWorkloadAccessTokenForUserId,
    { status: 200 }
  ),
  getResourceOauth2Token: row(data.getResourceOauth2Token, (plane) => plane.getResourceOauth2Token, {
    status: 200,
    path: "/identities/oauth2/token"
  }),
  getResourceApiKey: row(data.getResourceApiKey, (plane) => plane.getResourceApiKey, {
    status: 200,
    path: "/identities/api-key"
  }),
  getResourcePaymentToken: row(data.getResourcePaymentToken, (plane) => plane.getResourcePaymentToken, {
    status: 200,
    path: "/identities/payment/token"
  }),
  completeResourceTokenAuth: row(
    data.completeResourceTokenAuth,
    (plane) => plane.completeResourceTokenAuth,
    { status: 200 }
  )
}

const control = Operations.controlPlane

/** @internal */
export const controlPlane: { readonly [Name in ControlPlane.Operation]: Row<ControlPlane.Service> } = {
  createWorkloadIdentity: row(control.createWorkloadIdentity, (plane) => plane.createWorkloadIdentity, { status: 201 }),
  getWorkloadIdentity: row(control.getWorkloadIdentity, (plane) => plane.getWorkloadIdentity, { status: 200 }),
  createOauth2CredentialProvider: row(
    control.createOauth2CredentialProvider,
    (plane) => plane.createOauth2CredentialProvider,
    { status: 201 }
  ),
  createApiKeyCredentialProvider: row(
    control.createApiKeyCredentialProvider,
    (plane) => plane.createApiKeyCredentialProvider,
    { status: 201 }
  )
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
