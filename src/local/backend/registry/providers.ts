/** The operations on credential providers. The argument of {@link makeKind} contains what differs between the kinds. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { UpdateApiKeyCredentialProviderRequest } from "../../../Models.js"
import type { Collection } from "../../vault/vaultStore.js"
import * as Arn from "../arn.js"
import { checkSecretChanges } from "../authorization.js"
import { type Exception, type Invalid, invalid, quotaExceeded } from "../failures.js"
import * as Secrets from "../secrets.js"
import * as Table from "./table.js"

type Named = Pick<Table.Resource, "name">

/** AWS documentation: 50 providers of each kind. */
const limit = 50

const kindNames: { readonly [Kind in Arn.ProviderKind]: string } = {
  oauth2: "OAuth2",
  apikey: "API key",
  payment: "payment"
}

/** Makes the operations of one kind. `A` is stored for the requests `Create` and `Update`. */
export const makeKind = <
  A extends Table.Resource,
  Create extends Named & { readonly tags?: Table.Tags | undefined },
  Update extends Named,
  Described extends object,
  Vendor
>(
  account: Arn.Account,
  { check, collection, complete, configure, describe, describeMissing, keepsTime = false, kind, resourceType, vendor }:
    {
      readonly kind: Arn.ProviderKind
      readonly resourceType: string
      /** Makes the message for an unknown name. It was recorded for Get. */
      readonly describeMissing: (name: string) => string
      /** Whether an update keeps `lastUpdatedTime`. */
      readonly keepsTime?: boolean | undefined
      readonly collection: Collection<A>
      /** Checks a whole request before the table is locked, because an authorization server can take long. */
      readonly check?: (request: Create) => Effect.Effect<void, Invalid>
      /** Makes the whole request of an update. */
      readonly complete: (request: Update, before: A) => Effect.Effect<Create, Invalid>
      /** Makes the stored configuration of a request. `before` is the provider that it updates. */
      readonly configure: (
        request: Create,
        before: A | undefined
      ) => Effect.Effect<Omit<A, keyof Table.Resource>, Invalid>
      /** The members of responses, except the name, the ARN, the vendor and the times. */
      readonly describe: (provider: A) => Effect.Effect<Described>
      /** The vendor, in lists and in responses to reads and updates. */
      readonly vendor: (provider: A) => Vendor
    }
) => {
  const identify = ({ name }: Named) => ({ name, credentialProviderArn: Arn.provider(account, kind, name) })
  const summarize = (provider: A) => ({ ...identify(provider), ...vendor(provider), ...Table.timesOf(provider) })
  const toResponse = (provider: A) =>
    Effect.map(describe(provider), (described) => ({ ...described, ...summarize(provider) }))
  const findSecrets = (provider: A | undefined): Effect.Effect<ReadonlyArray<string>> =>
    provider === undefined ? Effect.succeed([]) : Effect.map(describe(provider), Secrets.findManaged)
  const checkSecrets = (before: A | undefined, after: A | undefined) =>
    Effect.flatMap(
      Effect.zip(findSecrets(before), findSecrets(after)),
      ([before, after]) => checkSecretChanges(before, after)
    )
  return Effect.map(
    Table.make<A, Invalid | Exception<"ServiceQuotaExceededException">>({
      collection,
      resourceType,
      describeMissing,
      arn: ({ name }) => Arn.provider(account, kind, name),
      exists: (name) => invalid(`Credential provider with name: ${name} already exists`),
      quota: {
        limit,
        exceeded: () => quotaExceeded(`An account cannot have more than ${limit} credential providers of a kind`)
      }
    }),
    (providers) => ({
      providers,
      findUsed: (name: string) => providers.findUsed(name, `${kindNames[kind]} credential provider`),
      create: Effect.fnUntraced(function*(request: Create) {
        if (check !== undefined) {
          yield* providers.checkFree(request.name)
          yield* check(request)
        }
        const provider = yield* providers.create(request, (resource) =>
          configure(request, undefined).pipe(
            // Together they are an `A`. The compiler cannot prove it, because `A` is a type parameter.
            Effect.map((configuration) => ({ ...resource, ...configuration }) as unknown as A),
            Effect.tap((created) => checkSecrets(undefined, created))
          ))
        return { ...yield* describe(provider), ...identify(provider) }
      }),
      get: ({ name }: Named) => Effect.flatMap(providers.find(name), toResponse),
      update: Effect.fnUntraced(function*(request: Update) {
        if (check !== undefined) yield* check(yield* complete(request, yield* providers.find(request.name)))
        const provider = yield* providers.update(request.name, (before) =>
          complete(request, before).pipe(
            Effect.flatMap((whole) => configure(whole, before)),
            Effect.map((configuration) => ({ ...before, ...configuration })),
            Effect.tap((updated) => checkSecrets(before, updated))
          ), { keepsTime })
        return yield* toResponse(provider)
      }),
      remove: <E = never>({ name }: Named, before: (provider: A) => Effect.Effect<void, E> = () => Effect.void) =>
        providers.remove(name, (provider) => Effect.andThen(checkSecrets(provider, undefined), before(provider))),
      list: (request: Table.PageRequest) =>
        Effect.map(providers.page(request), ({ items, next }) => ({
          credentialProviders: items.map(summarize),
          ...next
        }))
    })
  )
}

const ApiKeyProvider = Schema.Struct({ ...Table.resourceFields, apiKey: Secrets.Secret })

export const makeApiKeys = ({ account, settings, store }: Table.Dependencies) =>
  Effect.map(
    makeKind(account, {
      kind: "apikey",
      resourceType: "ApiKeyCredentialProvider",
      describeMissing: (name) => `ApiKeyCredentialProvider not found for ${name}`,
      // Recorded for a new MANAGED key.
      keepsTime: true,
      collection: store.collection("api-key-providers", ApiKeyProvider),
      complete: (request: UpdateApiKeyCredentialProviderRequest) => Effect.succeed(request),
      configure: (request, before) =>
        Effect.map(
          Secrets.resolve(account, {
            kind: "apikey",
            arnName: `${request.name}-${Arn.makeSecretsId()}`,
            path: "apiKeySecret",
            ...request.apiKeySecretSource === "EXTERNAL"
              ? { source: request.apiKeySecretSource, reference: request.apiKeySecretConfig }
              : { value: request.apiKey }
          }, before?.apiKey),
          (apiKey) => ({ apiKey })
        ),
      describe: ({ apiKey }) => Effect.succeed(Secrets.describe("apiKeySecret", apiKey.arn, apiKey)),
      vendor: () => ({})
    }),
    (kind) => ({
      ...kind,
      find: (name: string) => Effect.flatMap(kind.findUsed(name), ({ apiKey }) => Secrets.read(settings, apiKey))
    })
  )
