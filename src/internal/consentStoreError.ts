/** Definitions that all stores of consents share. */
import * as Schema from "effect/Schema"

/** Milliseconds. How long the log of the page after consent can report that a link has expired. */
export const retentionAfterExpiry = 10 * 60_000

/**
 * The store of consents cannot be reached, or an entry cannot be read. `reason` is a code or a description without
 * secrets.
 */
export class ConsentStoreError extends Schema.TaggedError<ConsentStoreError>()("ConsentStoreError", {
  operation: Schema.Literals(["open", "claim", "register", "unregister", "registrations"]),
  reason: Schema.String
}) {
  override get message(): string {
    return `The store of consents failed to ${operations[this.operation]}: ${this.reason}`
  }
}

const operations: { readonly [K in ConsentStoreError["operation"]]: string } = {
  open: "store a session",
  claim: "claim a session",
  register: "store a registration",
  unregister: "remove a registration",
  registrations: "list registrations"
}
