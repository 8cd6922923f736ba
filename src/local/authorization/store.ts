/**
 * The store of the development authorization server: in memory, bounded.
 *
 * @since 0.1.0
 */
import type { Adapter, AdapterPayload, ClientMetadata } from "oidc-provider"

// `oidc-provider` checks expiry itself, so the bound only frees memory. A development server issues fewer entries than
// this within the lifetime of one.
const capacity = 20_000

/** @internal */
export interface OidcStore {
  readonly adapter: (model: string) => Adapter
  /** Drops the grants of a user, with codes and refresh tokens. Returns the number of live refresh tokens. */
  readonly revoke: (user: string, clientId: string | undefined, nowSeconds: number) => number
  /** Ends the sign-ins of a user at this server. */
  readonly signOut: (user: string) => void
}

/** @internal */
export const make = (client: (clientId: string) => ClientMetadata | undefined): OidcStore => {
  const entries = new Map<string, AdapterPayload>()
  const key = (model: string, id: string) => `${model}:${id}`

  const dropWhere = (predicate: (key: string, payload: AdapterPayload) => boolean) => {
    for (const [entry, payload] of entries) {
      if (predicate(entry, payload)) {
        entries.delete(entry)
      }
    }
  }

  const findWhere = (predicate: (payload: AdapterPayload) => boolean) => {
    for (const payload of entries.values()) {
      if (predicate(payload)) {
        return payload
      }
    }
    return undefined
  }

  const adapter = (model: string): Adapter => ({
    upsert: async (id, payload) => {
      const entry = key(model, id)
      // Deleted first: a map keeps the position of a key that it has.
      entries.delete(entry)
      entries.set(entry, payload)
      const oldest = entries.size > capacity ? entries.keys().next().value : undefined
      if (oldest !== undefined) {
        entries.delete(oldest)
      }
    },
    // Client metadata and stored payloads share the adapter interface, which types both as `AdapterPayload`.
    find: async (id) => model === "Client" ? client(id) as AdapterPayload | undefined : entries.get(key(model, id)),
    findByUid: async (uid) => findWhere((payload) => payload.kind === model && payload.uid === uid),
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const payload = entries.get(key(model, id))
      if (payload !== undefined) {
        payload.consumed = true
      }
    },
    destroy: async (id) => {
      entries.delete(key(model, id))
    },
    revokeByGrantId: async (grantId) => dropWhere((_, payload) => payload.kind === model && payload.grantId === grantId)
  })

  return {
    adapter,
    revoke: (user, clientId, nowSeconds) => {
      let live = 0
      dropWhere((_, payload) => {
        const matches = payload.accountId === user
          && (clientId === undefined || payload.clientId === clientId)
          && (payload.kind === "Grant" || payload.kind === "RefreshToken" || payload.kind === "AuthorizationCode")
        if (
          matches && payload.kind === "RefreshToken" && payload.consumed === undefined
          && (payload.exp ?? Number.POSITIVE_INFINITY) > nowSeconds
        ) {
          live++
        }
        return matches
      })
      return live
    },
    signOut: (user) => dropWhere((_, payload) => payload.kind === "Session" && payload.accountId === user)
  }
}
