/** The failures that are worth repeating. */
import type { DataPlaneError } from "../../DataPlane.js"
import type { MissingWorkloadAccessToken } from "../../IdentityError.js"

const isTransientStatus = (status: number | undefined): boolean =>
  status !== undefined && (status >= 500 || status === 429)

/** Whether the service throttled the call. */
export const isThrottled = (error: { readonly _tag: string; readonly status?: number | undefined }): boolean =>
  error._tag === "ThrottlingException"
  || ((error._tag === "TransportError" || error._tag === "UnknownServiceError") && error.status === 429)

/** Whether the error is throttling, a 5xx response, or a lost or timed out connection. */
export const isTransient = (error: DataPlaneError | MissingWorkloadAccessToken): boolean => {
  switch (error._tag) {
    case "ThrottlingException":
    case "InternalServerException":
      return true
    case "TransportError":
      return error.kind === "connection" || error.kind === "timeout" || isTransientStatus(error.status)
    case "UnknownServiceError":
      return isTransientStatus(error.status)
    default:
      return false
  }
}
