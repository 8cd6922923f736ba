/** Errors as AgentCore Identity sends them: a status, the name in `x-amzn-errortype`, and a message. */
import type { ValidationException } from "../../IdentityError.js"
import { type PlaneError, statusOf } from "../control/exceptions.js"

/** An error response. `name` and `message` contain no secrets. */
export interface WireError {
  readonly status: number
  readonly name: string
  readonly message: string
  readonly reason?: string | undefined
  readonly fieldList?: ValidationException["fieldList"]
  /** The methods of the path, if the request has another one. */
  readonly allow?: string | undefined
}

export const fromPlane = (error: PlaneError): WireError => {
  switch (error._tag) {
    case "TransportError":
      return { status: 503, name: "ServiceUnavailableException", message: error.message }
    case "UnknownServiceError":
      return {
        status: error.status !== undefined && error.status >= 400 && error.status < 600 ? error.status : 500,
        // The name is the value of a header.
        name: /^[\w.-]{1,128}$/.test(error.code) ? error.code : "UnknownError",
        message: error.message
      }
    case "ValidationException":
      return {
        status: statusOf.ValidationException,
        name: error._tag,
        message: error.message,
        // The service model requires a reason.
        reason: error.reason ?? "FieldValidationFailed",
        fieldList: error.fieldList
      }
    default:
      return { status: statusOf[error._tag], name: error._tag, message: error.message }
  }
}

const error = (status: number, name: string, message: string): WireError => ({ status, name, message })

const denied = (message: string) => error(statusOf.AccessDeniedException, "AccessDeniedException", message)

/** The largest valid request has a token and a JWT of 131072 characters each. */
export const maxBytes = 1024 * 1024

export const wireErrors = {
  crossSite: denied("A page of another site sent the request"),
  foreignHost: denied("The Host header names another host than this server: add the name to the option allowedHosts"),
  incomplete: error(400, "SerializationException", "The body of the request is incomplete"),
  incompleteSignature: error(
    403,
    "IncompleteSignatureException",
    "Authorization header requires the algorithm AWS4-HMAC-SHA256, and 'Credential' (key/date/region/service/aws4_request), "
      + "'SignedHeaders' and 'Signature' parameters, and the request an 'X-Amz-Date' header."
  ),
  internal: error(
    statusOf.InternalServerException,
    "InternalServerException",
    "The local server failed; its log has the request id"
  ),
  malformed: error(400, "BadRequestException", "The request is not HTTP/1.1 with one Host header and a path"),
  tooLarge: error(413, "RequestEntityTooLargeException", `A request must not be larger than ${maxBytes} bytes`),
  unknownOperation: error(404, "UnknownOperationException", "The local server has no operation at this path"),
  unreadable: error(400, "SerializationException", "The body of a request must be a JSON object in UTF-8"),
  unreadablePath: error(400, "SerializationException", "The path of the request is not percent-encoded UTF-8"),
  unrecognizedClient: error(
    403,
    "UnrecognizedClientException",
    "The security token included in the request is invalid."
  ),
  wrongContentType: error(
    415,
    "UnsupportedMediaTypeException",
    "The content type of a request must be application/json"
  )
}

/**
 * The error for a value of another type than in the service model. Smithy's protocol tests have the name of the
 * exception. The messages are those of other services of AWS.
 */
export const wrongType = (value: unknown): WireError =>
  error(
    400,
    "SerializationException",
    Array.isArray(value)
      ? "Start of list found where not expected"
      : typeof value === "object" && value !== null
      ? "Start of structure or map found where not expected."
      : "Unexpected field type"
  )

export const invalidSignature = (message: string): WireError => error(403, "InvalidSignatureException", message)

export const wrongService = (service: string): WireError =>
  invalidSignature(`Credential should be scoped to correct service: '${service}'.`)

export const missingAuthentication = (service: string): WireError =>
  error(
    403,
    "MissingAuthenticationTokenException",
    `Missing Authentication Token: sign the request (AWS Signature Version 4) for the service ${service}`
  )

export const wrongMethod = (method: string): WireError => ({
  ...error(405, "UnknownOperationException", `This path takes ${method} requests only`),
  allow: method
})

/** The headers of every response that is not a page. */
export const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

export const encode = ({ allow, fieldList, message, name, reason, status }: WireError, requestId: string) => ({
  status,
  headers: {
    "content-type": "application/json",
    "x-amzn-requestid": requestId,
    "x-amzn-errortype": name,
    ...headers,
    ...allow === undefined ? undefined : { allow }
  },
  body: JSON.stringify({ message, reason, fieldList })
})
