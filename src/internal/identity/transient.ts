/** The failures that are worth repeating. */

/** An error of the data plane, or any other error. */
interface Failure {
  readonly _tag: string
  readonly kind?: string | undefined
  readonly status?: number | undefined
}

const isTransientStatus = (status: number | undefined): boolean =>
  status !== undefined && (status >= 500 || status === 429)

/** Whether the service throttled the call. */
export const isThrottled = (error: Failure): boolean =>
  error._tag === "ThrottlingException"
  || ((error._tag === "TransportError" || error._tag === "UnknownServiceError") && error.status === 429)

/** Whether the error is throttling, a 5xx response, or a lost or timed out connection. */
export const isTransient = (error: Failure): boolean => {
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
