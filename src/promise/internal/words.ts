/** The words of programs without Effect in advice of `Identity` and of the local server. */
import { ValidationException } from "../../IdentityError.js"

const words = [
  [
    "set returnUrl on the request, or Consent.ReturnUrl for the program,",
    "set callbackUrl in the configuration, or in the context of the request,"
  ],
  ["in code with WorkloadIdentity.addReturnUrls, or in the setup file", "in the setup file"],
  [
    "get it by GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId",
    "make the caller with workload({ name, user })"
  ],
  ["get it by GetWorkloadAccessTokenForJWT", "make the caller with workload({ name, user: { userToken } })"]
] as const

/** Returns another error as it is. */
export const inOwnWords = (error: unknown): unknown => {
  if (!(error instanceof ValidationException)) return error
  const message = words.reduce((text, [from, to]) => text.replace(from, to), error.message)
  return message === error.message ? error : new ValidationException({ ...error, message })
}
