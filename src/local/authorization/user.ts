/**
 * The users of the development authorization server: every valid user name is an account.
 *
 * @since 0.1.0
 */
import type { Account } from "oidc-provider"

/** @internal */
export const maxUserNameLength = 128

/** @internal */
export const isUserName = (text: string): boolean =>
  text.length > 0 && text.length <= maxUserNameLength && text === text.trim() && !/[\p{Cc}\p{Cs}]/u.test(text)

/** @internal */
export const toAccount = (userName: string): Account => ({
  accountId: userName,
  claims: () => ({ sub: userName })
})
