/** The store of the development authorization server: in memory, bounded. */
import type { Adapter, AdapterPayload, ClientMetadata } from "oidc-provider"
import * as ExpiringMap from "../../internal/expiringMap.js"

/** Entries of one model. A development server issues fewer within the lifetime of one. */
export const capacity = 20_000

export type OidcStore = ReturnType<typeof make>

type Content = Readonly<Record<string, ReadonlyArray<readonly [id: string, payload: AdapterPayload]>>>

type Predicate = (payload: AdapterPayload) => boolean

const expiryOf = ({ exp = Number.POSITIVE_INFINITY }: AdapterPayload): number => exp

/** Reads the OpenID Connect scopes of a grant. Its type in `oidc-provider` has no properties. */
const readScopes = ({ openid }: AdapterPayload): ReadonlyArray<string> =>
  typeof openid === "object" && openid !== null && "scope" in openid && typeof openid.scope === "string"
    ? openid.scope.split(" ")
    : []

const shiftExpiry = (payload: AdapterPayload, seconds: number): AdapterPayload =>
  payload.exp === undefined || seconds === 0 ? payload : { ...payload, exp: payload.exp + seconds }

/**
 * The entries of one model. `oidc-provider` reads the clock of the machine. The store's clock is `offset` seconds
 * ahead, and the expiry of an entry follows it. So a change of the offset can expire entries.
 */
const makeEntries = (nowSeconds: () => number, offset: () => number) => {
  const entries = ExpiringMap.make<readonly [id: string, payload: AdapterPayload]>()

  /** For `oidc-provider`. */
  const toMachineTime = (payload: AdapterPayload | undefined) => payload && shiftExpiry(payload, -offset())

  return {
    all: entries.values,
    get: (id: string) => toMachineTime(entries.get(id)?.[1]),
    set: (id: string, given: AdapterPayload) => {
      const payload = shiftExpiry(given, offset())
      entries.set(id, [id, payload], expiryOf(payload))
      if (entries.size() > capacity) entries.removeExpired(nowSeconds())
      const oldest = entries.size() > capacity ? entries.oldest() : undefined
      if (oldest !== undefined) entries.remove(oldest[0])
    },
    consume: (id: string) => {
      const payload = entries.get(id)?.[1]
      if (payload !== undefined) payload.consumed = true
    },
    drop: entries.remove,
    dropWhere: (predicate: Predicate) => {
      for (const [id, payload] of entries.values()) if (predicate(payload)) entries.remove(id)
    },
    findWhere: (predicate: Predicate) => toMachineTime(entries.values().find(([, payload]) => predicate(payload))?.[1])
  }
}

/**
 * Makes a store with a separate limit for each model. Anyone can start interactions, and these must not displace
 * grants, sessions and tokens.
 */
export const make = (
  client: (clientId: string) => ClientMetadata | undefined,
  /** The clock of the store, `offset` seconds ahead of the machine's. */
  nowSeconds: () => number,
  offset: () => number = () => 0
) => {
  const models = new Map<string, ReturnType<typeof makeEntries>>()

  const entriesOf = (model: string) => {
    const entries = models.get(model) ?? makeEntries(nowSeconds, offset)
    models.set(model, entries)
    return entries
  }

  const adapter = (model: string): Adapter => {
    const entries = entriesOf(model)
    return {
      upsert: async (id, payload) => entries.set(id, payload),
      // The adapter interface types client metadata as `AdapterPayload`, too.
      find: async (id) => model === "Client" ? client(id) as AdapterPayload | undefined : entries.get(id),
      findByUid: async (uid) => entries.findWhere((payload) => payload.uid === uid),
      findByUserCode: async () => undefined,
      consume: async (id) => entries.consume(id),
      destroy: async (id) => entries.drop(id),
      revokeByGrantId: async (grantId) => entries.dropWhere((payload) => payload.grantId === grantId)
    }
  }

  return {
    adapter,
    /** Drops the grants, codes and refresh tokens of a user. Returns the number of refresh tokens that were valid. */
    revoke: (user: string, clientId: string | undefined): number => {
      const now = nowSeconds()
      let live = 0
      for (const model of ["Grant", "AuthorizationCode", "RefreshToken"]) {
        entriesOf(model).dropWhere((payload) => {
          if (payload.accountId !== user || (clientId !== undefined && payload.clientId !== clientId)) return false
          if (model === "RefreshToken" && payload.consumed === undefined && expiryOf(payload) > now) live++
          return true
        })
      }
      return live
    },
    hasScope: (user: string, clientId: string, scope: string): boolean =>
      entriesOf("Grant").findWhere((payload) =>
        payload.accountId === user && payload.clientId === clientId && expiryOf(payload) > nowSeconds()
        && readScopes(payload).includes(scope)
      ) !== undefined,
    save: (): Content =>
      // A copy: `oidc-provider` and `consume` change payloads.
      structuredClone(Object.fromEntries(Array.from(models, ([model, entries]) => [model, entries.all()]))),
    load: (content: Content): void => {
      for (const entries of models.values()) entries.dropWhere(() => true)
      for (const [model, payloads] of Object.entries(structuredClone(content))) {
        const entries = entriesOf(model)
        for (const [id, payload] of payloads) entries.set(id, shiftExpiry(payload, -offset()))
      }
    }
  }
}
