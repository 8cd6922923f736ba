/**
 * The operations of the planes as data: AWS name, request, and answer in the form of the AWS SDK (a timestamp is a `Date`).
 * The AWS adapter and the local server are both driven by these rows.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ControlPlane from "../ControlPlane.js"
import * as DataPlane from "../DataPlane.js"
import * as TokenAnswer from "./tokenAnswer.js"

/** @internal */
export interface Operation<Request, Response> {
  /** The AWS name, as in `GetWorkloadAccessTokenForJWT`. */
  readonly name: string
  readonly request: {
    readonly schema: Schema.Schema<Request, unknown>
    readonly encode: (request: Request) => unknown
  }
  readonly response: {
    /** None for an answer that is not of the model; what it was is not kept. */
    readonly decode: (output: unknown) => Option.Option<Response>
    readonly encode: (response: Response) => unknown
  }
}

/** @internal */
export type Operations<Service> = {
  readonly [K in keyof Service]: Service[K] extends (request: infer Request) => Effect.Effect<infer Response, infer _E>
    ? Operation<Request, Response>
    : never
}

const request = <A, I>(schema: Schema.Schema<A, I>): Operation<A, never>["request"] => ({
  // What is encoded is read as JSON by whoever gets it; its type has no use beyond this line.
  schema: schema as Schema.Schema<A, unknown>,
  encode: Schema.encodeSync(schema)
})

const codec = <A, I>(schema: Schema.Schema<A, I>): Operation<never, A>["response"] => ({
  decode: Schema.decodeUnknownOption(schema),
  encode: Schema.encodeSync(schema)
})

const nothing: Operation<never, void>["response"] = { decode: () => Option.some(undefined), encode: () => ({}) }

const wireAnswer = codec(TokenAnswer.Wire)

const tokenAnswer: Operation<never, DataPlane.TokenAnswer>["response"] = {
  decode: (output) => Option.flatMap(wireAnswer.decode(output), TokenAnswer.fromWire),
  encode: (answer) => wireAnswer.encode(TokenAnswer.toWire(answer))
}

/** @internal */
export const dataPlane: Operations<DataPlane.Service> = {
  getWorkloadAccessToken: {
    name: "GetWorkloadAccessToken",
    request: request(DataPlane.GetWorkloadAccessTokenRequest),
    response: codec(DataPlane.WorkloadAccessTokenResponse)
  },
  getWorkloadAccessTokenForJwt: {
    name: "GetWorkloadAccessTokenForJWT",
    request: request(DataPlane.GetWorkloadAccessTokenForJwtRequest),
    response: codec(DataPlane.WorkloadAccessTokenResponse)
  },
  getWorkloadAccessTokenForUserId: {
    name: "GetWorkloadAccessTokenForUserId",
    request: request(DataPlane.GetWorkloadAccessTokenForUserIdRequest),
    response: codec(DataPlane.WorkloadAccessTokenResponse)
  },
  getResourceOauth2Token: {
    name: "GetResourceOauth2Token",
    request: request(DataPlane.GetResourceOauth2TokenRequest),
    response: tokenAnswer
  },
  getResourceApiKey: {
    name: "GetResourceApiKey",
    request: request(DataPlane.GetResourceApiKeyRequest),
    response: codec(DataPlane.GetResourceApiKeyResponse)
  },
  getResourcePaymentToken: {
    name: "GetResourcePaymentToken",
    request: request(DataPlane.GetResourcePaymentTokenRequest),
    response: codec(DataPlane.GetResourcePaymentTokenResponse)
  },
  completeResourceTokenAuth: {
    name: "CompleteResourceTokenAuth",
    request: request(DataPlane.CompleteResourceTokenAuthRequest),
    response: nothing
  }
}

/** @internal */
export const controlPlane: Operations<ControlPlane.Service> = {
  createWorkloadIdentity: {
    name: "CreateWorkloadIdentity",
    request: request(ControlPlane.CreateWorkloadIdentityRequest),
    response: codec(ControlPlane.CreateWorkloadIdentityResponse)
  },
  getWorkloadIdentity: {
    name: "GetWorkloadIdentity",
    request: request(ControlPlane.GetWorkloadIdentityRequest),
    response: codec(ControlPlane.GetWorkloadIdentityResponse)
  },
  createOauth2CredentialProvider: {
    name: "CreateOauth2CredentialProvider",
    request: request(ControlPlane.CreateOauth2CredentialProviderRequest),
    response: codec(ControlPlane.CreateOauth2CredentialProviderResponse)
  },
  createApiKeyCredentialProvider: {
    name: "CreateApiKeyCredentialProvider",
    request: request(ControlPlane.CreateApiKeyCredentialProviderRequest),
    response: codec(ControlPlane.CreateApiKeyCredentialProviderResponse)
  }
}
