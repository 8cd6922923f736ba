/** The grants of users: their list, and the actions of a test. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { GrantError } from "../LocalControl.js"
import type { VaultStoreError } from "../vault/vaultStore.js"
import type { GrantStatus, RevocationOutcome } from "./backendModels.js"
import type { Dependencies } from "./dataPlane.js"
import * as Vault from "./vault.js"

export const make = ({ client, registry, vault }: Dependencies) => {
  const oauth2Names = Effect.orElseSucceed(registry.oauth2Names, (): ReadonlyMap<string, string> => new Map())

  const toStatuses = (entries: ReadonlyArray<Vault.Entry>) =>
    Effect.map(oauth2Names, (names) =>
      entries.map(([key, grant]): GrantStatus => {
        const { provider, user, workload } = Vault.readKey(key)
        return {
          id: grant.id,
          provider: names.get(provider) ?? provider,
          workload,
          user,
          scopes: grant.asked.scopes,
          expiresAt: grant.expiresAt,
          refreshable: Option.isSome(grant.refreshToken),
          revoked: grant.revoked
        }
      }))

  const act = <A>(
    action: GrantError["action"],
    run: (...entry: Vault.Entry) => Effect.Effect<A, GrantError["reason"] | VaultStoreError>
  ) =>
    Effect.fnUntraced(
      function*(id: string) {
        const entry = yield* vault.byId(id)
        return yield* entry === undefined ? Effect.fail("Unknown" as const) : run(...entry)
      },
      Effect.mapError((error) => new GrantError({ action, reason: typeof error === "string" ? error : "Store" })),
      Effect.withSpan(`LocalBackend.${action}Grant`)
    )

  const revoke = Effect.fnUntraced(function*(key: string, grant: Vault.Grant) {
    const { provider } = Vault.readKey(key)
    const name = (yield* oauth2Names).get(provider) ?? provider
    const server = yield* Effect.mapError(
      registry.findAuthorizationServer({ name, callbackId: provider }),
      () => "Failed" as const
    )
    const token = Option.getOrElse(grant.refreshToken, () => grant.accessToken)
    const type = Option.isSome(grant.refreshToken) ? "refresh_token" : "access_token"
    const outcome = yield* client.revoke(server, { token, type }).pipe(
      Effect.as<RevocationOutcome>("revoked"),
      // RFC 7009, section 2.2.1: many servers revoke no access tokens, above all no JWTs.
      Effect.catchIf(
        ({ code }) => type === "access_token" && code === "unsupported_token_type",
        () => Effect.succeed<RevocationOutcome>("forgotten")
      ),
      Effect.mapError(({ reason }) => reason === "Misconfigured" ? "Unsupported" as const : "Failed" as const)
    )
    yield* outcome === "revoked" ? vault.markRevoked(key, grant.id) : vault.forget(key, grant.id)
    return outcome
  })

  return {
    grants: Effect.flatMap(vault.all, toStatuses),
    expireGrant: act("expire", (key, { id }) => vault.expire(key, id)),
    revokeGrant: act("revoke", revoke),
    forgetGrant: act("forget", (key, { id }) => vault.forget(key, id))
  }
}
