/** The resources of the local backend's control plane. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type * as ControlPlane from "../../ControlPlane.js"
import { TokenVaultResponse } from "../../Models.js"
import * as Arn from "./arn.js"
import { type Exception, mapStoreError, notFound, type Operations, quotaExceeded } from "./failures.js"
import { makePortals } from "./registry/consentPortals.js"
import { makeOauth2 } from "./registry/oauth2Providers.js"
import { makePayments } from "./registry/paymentProviders.js"
import { makeApiKeys } from "./registry/providers.js"
import * as Table from "./registry/table.js"
import { makeWorkloads } from "./registry/workloadIdentities.js"

export type Registry = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(dependencies: Table.Dependencies) {
  const { account, dropOauth2Provider } = dependencies
  const { findCaller, workloads, ...workloadIdentities } = yield* makeWorkloads(dependencies)
  const oauth2 = yield* makeOauth2(dependencies)
  const apiKeys = yield* makeApiKeys(dependencies)
  const payments = yield* makePayments(dependencies)
  const { checkUnused, portals, ...consentPortals } = yield* makePortals(dependencies, oauth2.providers)
  const containers = yield* makeContainers(dependencies)
  const controlPlane: Operations<typeof ControlPlane.operations> = {
    ...workloadIdentities.operations,
    createOauth2CredentialProvider: oauth2.create,
    getOauth2CredentialProvider: oauth2.get,
    updateOauth2CredentialProvider: oauth2.update,
    deleteOauth2CredentialProvider: (request) =>
      oauth2.remove(request, ({ callbackId, name }) =>
        Effect.andThen(
          checkUnused(Arn.provider(account, "oauth2", name)),
          mapStoreError(dropOauth2Provider(callbackId))
        )),
    listOauth2CredentialProviders: oauth2.list,
    createApiKeyCredentialProvider: apiKeys.create,
    getApiKeyCredentialProvider: apiKeys.get,
    updateApiKeyCredentialProvider: apiKeys.update,
    deleteApiKeyCredentialProvider: (request) => apiKeys.remove(request),
    listApiKeyCredentialProviders: apiKeys.list,
    createPaymentCredentialProvider: payments.create,
    getPaymentCredentialProvider: payments.get,
    updatePaymentCredentialProvider: payments.update,
    deletePaymentCredentialProvider: (request) => payments.remove(request),
    listPaymentCredentialProviders: payments.list,
    ...yield* makeTokenVault(dependencies),
    ...consentPortals.operations,
    ...makeTagOperations([workloads, oauth2.providers, apiKeys.providers, payments.providers, portals, containers])
  }
  return {
    controlPlane,
    findWorkload: workloads.find,
    findCaller,
    findOauth2Provider: oauth2.find,
    findAuthorizationServer: oauth2.findServer,
    /** The names of the OAuth2 credential providers, by callback id. */
    oauth2Names: Effect.map(
      oauth2.providers.all,
      (all): ReadonlyMap<string, string> => new Map(all.map(({ callbackId, name }) => [callbackId, name]))
    ),
    findApiKey: apiKeys.find,
    findPaymentCredentials: payments.find
  }
})

/** Every account has exactly one token vault. Only its key can be set. */
const vaultId = "default"

const TokenVault = Schema.Struct({
  kmsConfiguration: TokenVaultResponse.fields.kmsConfiguration,
  lastModifiedDate: Schema.DateTimeUtcFromString
})

const makeTokenVault = ({ store }: Table.Dependencies) =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const collection = store.collection("token-vaults", TokenVault)

    const change = Effect.fnUntraced(function*(
      tokenVaultId: string | undefined,
      kmsConfiguration: typeof TokenVault.Type["kmsConfiguration"] | undefined
    ) {
      if (tokenVaultId !== undefined && tokenVaultId !== vaultId) {
        return yield* notFound(`TokenVault with name '${tokenVaultId}' not found`)
      }
      const before = yield* mapStoreError(collection.get(vaultId))
      if (Option.isSome(before) && kmsConfiguration === undefined) return { tokenVaultId: vaultId, ...before.value }
      const vault: typeof TokenVault.Type = {
        kmsConfiguration: kmsConfiguration ?? { keyType: "ServiceManagedKey" },
        lastModifiedDate: yield* DateTime.now
      }
      yield* mapStoreError(collection.put(vaultId, vault))
      return { tokenVaultId: vaultId, ...vault }
    }, semaphore.withPermits(1))

    return {
      getTokenVault: ({ tokenVaultId }) => change(tokenVaultId, undefined),
      setTokenVaultCmk: ({ kmsConfiguration, tokenVaultId }) => change(tokenVaultId, kmsConfiguration)
    } satisfies Partial<Operations<typeof ControlPlane.operations>>
  })

/** The tags of the token vault and of the workload identity directory. Every account has exactly one of each. */
const makeContainers = ({ account, store }: Table.Dependencies): Effect.Effect<Table.Taggable> =>
  Effect.map(Semaphore.make(1), (semaphore) => {
    const collection = store.collection("container-tags", Schema.Struct({ tags: Table.resourceFields.tags }))
    const keys = new Map([
      [Arn.tokenVault(account, vaultId), "token-vault"],
      [Arn.workloadIdentityDirectory(account), "workload-identity-directory"]
    ])
    const read = (key: string): Effect.Effect<Table.Tags, Exception<"InternalServerException">> =>
      Effect.map(mapStoreError(collection.get(key)), (found) => Option.getOrUndefined(found)?.tags ?? {})
    const put = (key: string) => (tags: Table.Tags) => mapStoreError(collection.put(key, { tags }))
    const use = <E>(arn: string, f: (key: string) => Effect.Effect<Table.Tags, E>) => {
      const key = keys.get(arn)
      return key === undefined ? Effect.succeed(undefined) : semaphore.withPermits(1)(f(key))
    }
    return {
      tags: (arn) => use(arn, read),
      changeTags: (arn, change) => use(arn, (key) => Effect.tap(Effect.flatMap(read(key), change), put(key)))
    }
  })

/** AWS documentation. The service model limits the tags of one request. This limit includes the existing tags. */
const maxTags = 50

const makeTagOperations = (tables: ReadonlyArray<Table.Taggable>) => {
  const findFirst = Effect.fnUntraced(function*<E>(
    arn: string,
    find: (table: Table.Taggable) => Effect.Effect<Table.Tags | undefined, E>
  ) {
    for (const table of tables) {
      const tags = yield* find(table)
      if (tags !== undefined) return tags
    }
    return yield* notFound(`Resource with ARN '${arn}' not found`)
  })

  const change = <E>(arn: string, f: (tags: Table.Tags) => Effect.Effect<Table.Tags, E>) =>
    Effect.asVoid(findFirst(arn, (table) => table.changeTags(arn, f)))

  return {
    tagResource: ({ resourceArn, tags }) =>
      Effect.andThen(
        Table.checkTags(tags),
        change(resourceArn, (before) => {
          const after = { ...before, ...tags }
          return Object.keys(after).length > maxTags
            ? quotaExceeded(`A resource cannot have more than ${maxTags} tags`)
            : Effect.succeed(after)
        })
      ),

    untagResource: ({ resourceArn, tagKeys }) =>
      change(
        resourceArn,
        (before) => Effect.succeed(Object.fromEntries(Object.entries(before).filter(([key]) => !tagKeys.includes(key))))
      ),

    listTagsForResource: ({ resourceArn }) =>
      Effect.map(findFirst(resourceArn, (table) => table.tags(resourceArn)), (tags) => ({ tags }))
  } satisfies Partial<Operations<typeof ControlPlane.operations>>
}
