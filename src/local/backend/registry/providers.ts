/** Credential providers. A kind of provider is a row: what differs from kind to kind is a function of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ServiceQuotaExceededException, ValidationException } from "../../../IdentityError.js"
import type { UpdateApiKeyCredentialProviderRequest } from "../../../models/ApiKeyCredentialProvider.js"
import type { Collection } from "../../VaultStore.js"
import * as Arn from "../arn.js"
import { invalid, quotaExceeded } from "../failures.js"
import * as Secrets from "../secrets.js"
import * as Table from "./table.js"

export type Providers<A extends Table.Resource> = Table.Table<A, ValidationException | ServiceQuotaExceededException>

export interface Named {
  readonly name: string
}

/**
 * `A` is stored, of the requests `Create` and `Update`. Responses have the members of `Described`, some those of
 * `Vendor`.
 */
export interface Kind<A extends Table.Resource, Create extends Named, Update extends Named, Described, Vendor> {
  readonly kind: Arn.ProviderKind
  /** Checks a whole request before the table is locked, because an authorization server can take long. */
  readonly check?: ((request: Create) => Effect.Effect<void, ValidationException>) | undefined
  /** The whole request of an update. */
  readonly complete: (request: Update, before: A) => Effect.Effect<Create, ValidationException>
  /** What is stored of a request. `before` is the provider that it updates. */
  readonly configure: (
    request: Create,
    before: A | undefined
  ) => Effect.Effect<Omit<A, keyof Table.Resource>, ValidationException>
  /** The members of responses, except the name, the ARN and the times. */
  readonly describe: (provider: A) => Effect.Effect<Described>
  /** The vendor, in lists and in responses to reads and updates. */
  readonly vendor: (provider: A) => Vendor
}

/** AWS documentation: 50 providers of each kind. */
const limit = 50

export const makeTable = <A extends Table.Resource>(
  { account }: Table.Dependencies,
  kind: Arn.ProviderKind,
  resourceType: string,
  collection: Collection<A>
): Effect.Effect<Providers<A>> =>
  Table.make<A, ValidationException | ServiceQuotaExceededException>({
    collection,
    resourceType,
    arn: ({ name }) => Arn.provider(account, kind, name),
    exists: (name) => invalid(`Credential provider with name: ${name} already exists`),
    quota: {
      limit,
      exceeded: () => quotaExceeded(`An account cannot have more than ${limit} credential providers of a kind`)
    }
  })

export const operations = <
  A extends Table.Resource,
  Create extends Named & { readonly tags?: Table.Tags | undefined },
  Update extends Named,
  Described,
  Vendor
>(
  { account }: Table.Dependencies,
  providers: Providers<A>,
  { check, complete, configure, describe, kind, vendor }: Kind<A, Create, Update, Described, Vendor>
) => {
  const name = (provider: A) => ({
    name: provider.name,
    credentialProviderArn: Arn.provider(account, kind, provider.name)
  })
  const summarize = (provider: A) => ({ ...name(provider), ...vendor(provider), ...Table.timesOf(provider) })
  const toResponse = (provider: A) =>
    Effect.map(describe(provider), (described) => ({ ...described, ...summarize(provider) }))
  return {
    toResponse,
    create: (request: Create) =>
      (check === undefined
        ? Effect.void
        : Effect.andThen(providers.checkFree(request.name), Effect.suspend(() => check(request)))).pipe(
          Effect.andThen(providers.create(request, (resource) =>
            Effect.map(configure(request, undefined), (configuration) =>
              // Together they are the provider, which the type checker does not see of a type parameter.
              ({ ...resource, ...configuration }) as unknown as A))),
          Effect.flatMap((provider) =>
            Effect.map(describe(provider), (described) => ({ ...described, ...name(provider) }))
          )
        ),
    get: (request: Named) => Effect.flatMap(providers.find(request.name), toResponse),
    update: (request: Update) =>
      (check === undefined ? Effect.void : providers.find(request.name).pipe(
        Effect.flatMap((before) => complete(request, before)),
        Effect.flatMap(check)
      )).pipe(
        Effect.andThen(providers.update(request.name, (before) =>
          complete(request, before).pipe(
            Effect.flatMap((whole) => configure(whole, before)),
            Effect.map((configuration) => ({ ...before, ...configuration }))
          ))),
        Effect.flatMap(toResponse)
      ),
    list: (request: Table.PageRequest) =>
      Effect.map(providers.page(request), ({ items, next }) => ({
        credentialProviders: items.map(summarize),
        ...next
      }))
  }
}

const ApiKeyProvider = Schema.Struct({ ...Table.resourceFields, apiKey: Secrets.Secret })

export const makeApiKeys = Effect.fnUntraced(function*(dependencies: Table.Dependencies) {
  const { account, settings, store } = dependencies
  const collection = store.collection("api-key-providers", ApiKeyProvider)
  const providers = yield* makeTable(dependencies, "apikey", "ApiKeyCredentialProvider", collection)
  return {
    providers,
    find: (name: string) => Effect.flatMap(providers.find(name), ({ apiKey }) => Secrets.read(settings, apiKey)),
    ...operations(dependencies, providers, {
      kind: "apikey",
      complete: (request: UpdateApiKeyCredentialProviderRequest) => Effect.succeed(request),
      configure: (request, before) =>
        Effect.map(
          Secrets.resolve(account, {
            kind: "apikey",
            arnName: request.name,
            path: "apiKeySecret",
            valuePath: "apiKey",
            ...request.apiKeySecretSource === "EXTERNAL"
              ? { source: request.apiKeySecretSource, reference: request.apiKeySecretConfig }
              : { value: request.apiKey }
          }, before?.apiKey),
          (apiKey) => ({ apiKey })
        ),
      describe: ({ apiKey }) =>
        Effect.succeed({
          apiKeySecretArn: { secretArn: apiKey.arn },
          ...apiKey.source === "EXTERNAL" ? { apiKeySecretJsonKey: apiKey.reference.jsonKey } : {},
          apiKeySecretSource: apiKey.source
        }),
      vendor: () => ({})
    })
  }
})
