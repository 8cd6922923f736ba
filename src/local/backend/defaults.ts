/** The options of a backend that have defaults. */
import type { Account } from "./arn.js"

export const read = (options: {
  readonly publicUrl?: string | undefined
  readonly region?: string | undefined
  readonly accountId?: string | undefined
}): { readonly publicUrl: string; readonly account: Account } => ({
  publicUrl: (options.publicUrl ?? "http://127.0.0.1:4020").replace(/\/+$/, ""),
  account: { region: options.region ?? "us-west-2", accountId: options.accountId ?? "123456789012" }
})
