/** Messages of AWS. Some errors have no code of their own, so only the message shows the cause. */

/** Whether an error is about the return URL of a token request. */
export const isAboutReturnUrl = ({ message }: { readonly message: string }): boolean =>
  message.includes("ResourceOauth2ReturnUrl")

/** Removes the full stop, so that a sentence can continue. */
export const withoutFullStop = (sentence: string): string => sentence.replace(/\.$/, "")

/** Appends advice to a message of AWS. */
export const appendAdvice = (message: string, advice: string): string => `${withoutFullStop(message)}: ${advice}`
