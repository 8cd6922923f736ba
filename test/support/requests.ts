import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Models from "effect-agentcore-identity/Models"
import type * as Operation from "effect-agentcore-identity/Operation"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as FastCheck from "fast-check"
import { vendors } from "../../src/internal/models/vendors.js"
import type * as Rows from "./operation.js"
import { sessionUri } from "./utils.js"

export { vendors }

/** The operations of every plane. */
export const operations: ReadonlyArray<Rows.Any> = [
  ...Object.values(DataPlane.operations),
  ...Object.values(ControlPlane.operations),
  ...Object.values(SecurityTokenService.operations)
]

/** The request of every operation. */
export const requests: ReadonlyArray<readonly [name: string, schema: Schema.Codec<unknown, unknown>]> = operations.map(
  (
    { name, request }
  ) =>
    // A table of all operations has no one type of request.
    [name, request as Schema.Codec<unknown, unknown>] as const
)

/** The values that Effect generates for a schema, by a seed of fast-check. */
const generated = <A>(schema: Schema.Codec<A, unknown>): FastCheck.Arbitrary<A> => {
  const values = Arbitrary.schema(schema)
  return FastCheck.record({ seed: FastCheck.nat(), size: FastCheck.integer({ min: 5, max: 100 }) }).map((options) => {
    const [value] = Effect.runSync(Arbitrary.sampleEffect(values, { ...options, count: 1, maxDiscards: 10_000 }))
    // One value was requested: none is a failure.
    return value as A
  })
}

const completion: FastCheck.Arbitrary<Operation.Request<typeof DataPlane.operations.completeResourceTokenAuth>> =
  FastCheck.record({
    userIdentifier: FastCheck.constantFrom({ userId: "alice" }, { userToken: Redacted.make("aaaa.bbbb.cccc") }),
    sessionUri: FastCheck.constant(Redacted.make(sessionUri))
  })

/** A schema loses a member of this name, because it assigns the name: such requests cannot be compared. */
const hasProto = (value: unknown): boolean =>
  typeof value === "object" && value !== null
  && (Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto))

const string = FastCheck.stringMatching(/^[a-z]{3,20}$/)

const clientSecret = FastCheck.oneof(
  string.map((secret) => ({ clientSecret: Redacted.make(secret) })),
  string.map((secret) => ({ clientSecret: Redacted.make(secret), clientSecretSource: "MANAGED" })),
  string.map((id) => ({ clientSecretSource: "EXTERNAL", clientSecretConfig: { secretId: id, jsonKey: id } }))
)

const endpoints = FastCheck.record({ issuer: string, authorizationEndpoint: string, tokenEndpoint: string })

const privateKeyJwtConfig = FastCheck.constantFrom("RS256", "PS256", "ES256").map((signingAlgorithm) => ({
  privateKeySource: {
    kmsKeySource: { kmsKeyArn: "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9" }
  },
  signingAlgorithm,
  additionalHeaderClaims: { kid: signingAlgorithm }
}))

const custom = FastCheck.tuple(
  FastCheck.record({
    oauthDiscovery: FastCheck.oneof(
      string.map((host) => ({ discoveryUrl: `https://${host}/.well-known/openid-configuration` })),
      endpoints.map((authorizationServerMetadata) => ({ authorizationServerMetadata }))
    ),
    onBehalfOfTokenExchangeConfig: generated(Models.OnBehalfOfTokenExchangeConfig),
    privateEndpoint: generated(Models.PrivateEndpoint)
  }, { requiredKeys: ["oauthDiscovery"] }),
  FastCheck.oneof(
    FastCheck.tuple(clientSecret, string).map(([secret, clientId]) => ({ ...secret, clientId })),
    FastCheck.tuple(privateKeyJwtConfig, string).map(([privateKeyJwtConfig, clientId]) => ({
      privateKeyJwtConfig,
      clientId,
      clientAuthenticationMethod: "PRIVATE_KEY_JWT"
    })),
    FastCheck.constant({ clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" })
  )
).map(([fields, client]) => ({ ...fields, ...client }))

const oauth2 = FastCheck.constantFrom(...Object.entries(vendors)).chain((
  [credentialProviderVendor, { config }]
) =>
  FastCheck.record({
    name: string,
    fields: config === "customOauth2ProviderConfig"
      ? custom
      : FastCheck.tuple(
        clientSecret,
        string,
        config === "includedOauth2ProviderConfig" ? endpoints : FastCheck.constant({})
      )
        .map(([secret, clientId, endpoints]) => ({ ...secret, ...endpoints, clientId }))
  }).map(({ fields, name }) => ({
    name,
    credentialProviderVendor,
    oauth2ProviderConfigInput: { [config]: fields }
  }))
)

const byHand: ReadonlyArray<readonly [schema: { readonly ast: AST.AST }, requests: FastCheck.Arbitrary<unknown>]> = [
  // A `Schema.Never` has no values.
  [SecurityTokenService.operations.getCallerIdentity.request, FastCheck.constant({})],
  [DataPlane.operations.completeResourceTokenAuth.request, completion],
  // Few combinations of members are a valid request: random search would take too long.
  [Models.CreateOauth2CredentialProviderRequest, oauth2],
  [Models.UpdateOauth2CredentialProviderRequest, oauth2]
]

/** Any valid request. */
export const valid = (schema: Schema.Codec<unknown, unknown>): FastCheck.Arbitrary<unknown> =>
  byHand.find(([{ ast }]) => ast === schema.ast)?.[1]
    ?? generated(schema).filter((value) => !hasProto(value))
