/**
 * The operations of the data plane as data.
 *
 * @since 0.1.0
 */
import * as DataPlane from "../DataPlane.js"
import { codec, nothing, request, type Rows } from "./operation.js"
import { tokenAnswer } from "./tokenAnswer.js"

/** @internal */
export const operations: Rows<DataPlane.Service> = {
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
