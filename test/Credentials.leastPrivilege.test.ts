/** The policy of `Credentials.policy` is enough for its program, and has nothing that the program does not need. */
import { assert, describe, it } from "@effect/vitest"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as ApiKey from "effect-agentcore-identity/ApiKey"
import * as AwsIdentity from "effect-agentcore-identity/aws/AwsIdentity"
import type { ConsentSession } from "effect-agentcore-identity/ConsentSession"
import * as Credentials from "effect-agentcore-identity/Credentials"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type * as Identity from "effect-agentcore-identity/Identity"
import * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import type { UserIdentifier } from "effect-agentcore-identity/UserIdentifier"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { generateKeyPairSync } from "node:crypto"
import * as Check from "../src/internal/credentials/check.js"
import type { LocalBackend } from "./support/localBackend.js"
import { authorize, callback, jwt, LocalServer, returnUrl, Scripted, VaultStore } from "./support/localBackend.js"

class Machine extends AccessToken.Tag<Machine>()("app/Machine", { provider: "calendar", flow: "M2M" }) {}

class Calendar extends AccessToken.Tag<Calendar>()("app/Calendar", {
  provider: "calendar",
  flow: "USER_FEDERATION",
  returnUrl
}) {}

class External extends AccessToken.Tag<External>()("app/External", {
  provider: "external-calendar",
  flow: "USER_FEDERATION",
  returnUrl
}) {}

class Exchanged extends AccessToken.Tag<Exchanged>()("app/Exchanged", {
  provider: "calendar",
  flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
}) {}

class Signed extends AccessToken.Tag<Signed>()("app/Signed", { provider: "signed", flow: "M2M" }) {}

class Trusted extends AccessToken.Tag<Trusted>()("app/Trusted", { provider: "trusted", flow: "M2M" }) {}

class Acting extends AccessToken.Tag<Acting>()("app/Acting", {
  provider: "acting",
  flow: "ON_BEHALF_OF_TOKEN_EXCHANGE"
}) {}

class Weather extends ApiKey.Tag<Weather>()("app/Weather", { provider: "weather" }) {}

class ExternalWeather extends ApiKey.Tag<ExternalWeather>()("app/ExternalWeather", { provider: "external-weather" }) {}

class Warehouse extends IamAccessToken.Tag<Warehouse>()("app/Warehouse", {
  audience: ["https://warehouse.example.com"],
  duration: "10 minutes",
  tags: { team: "billing" }
}) {}

const custom = {
  oauthDiscovery: { discoveryUrl: "https://issuer.example.com/.well-known/openid-configuration" },
  clientId: "agent",
  onBehalfOfTokenExchangeConfig: { grantType: "JWT_AUTHORIZATION_GRANT" as const }
}

const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

const kmsKey = Redacted.make(
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString()
)

const provider = <const C extends object>(name: string, config: C) => ({
  name,
  credentialProviderVendor: "CustomOauth2" as const,
  oauth2ProviderConfigInput: { customOauth2ProviderConfig: { ...custom, ...config } }
})

const reference = (secretId: string) => ({ secretId, jsonKey: "value" })

const setup = {
  workloadIdentities: [{ name: "agent", allowedResourceOauth2ReturnUrls: [returnUrl] }],
  oauth2CredentialProviders: [
    provider("signed", {
      clientAuthenticationMethod: "PRIVATE_KEY_JWT",
      privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn } }, signingAlgorithm: "ES256" }
    }),
    provider("trusted", { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }),
    provider("acting", {
      clientSecret: Redacted.make("secret"),
      onBehalfOfTokenExchangeConfig: {
        grantType: "TOKEN_EXCHANGE",
        tokenExchangeGrantTypeConfig: { actorTokenContent: "AWS_IAM_ID_TOKEN_JWT" }
      }
    }),
    provider("calendar", { clientSecret: Redacted.make("secret") }),
    provider("external-calendar", {
      clientSecretSource: "EXTERNAL",
      clientSecretConfig: reference("calendar-client")
    })
  ],
  apiKeyCredentialProviders: [
    { name: "weather", apiKey: Redacted.make("key") },
    { name: "external-weather", apiKeySecretSource: "EXTERNAL" as const, apiKeySecretConfig: reference("weather-key") }
  ]
}

let policy: Credentials.Policy | undefined

const secret = { value: Redacted.make("external") }

const settings = Effect.sync((): LocalBackend.Settings => ({
  inboundJwt: "decode",
  kmsKeys: { [kmsKeyArn]: kmsKey },
  secrets: { "calendar-client": secret, "weather-key": secret },
  policies: policy === undefined ? {} : { "app-key": [policy] }
}))

/** AgentCore names a secret in one of two forms, by its age. */
type Form = "newer" | "older"

/** A store where the names of secrets are as old as the form. */
const store = (form: Form) =>
  Layer.effect(
    VaultStore.VaultStore,
    Effect.map(VaultStore.VaultStore, (memory) => ({
      collection: <A, I>(name: string, schema: Schema.Codec<A, I>) => {
        const collection = memory.collection(name, schema)
        const json = Schema.fromJsonString(schema)
        const age = (value: A) => {
          const text = Schema.encodeSync(json)(value)
          return Schema.decodeSync(json)(text.replaceAll(/(!default\/[^"]+)-[0-9a-f]{8}(-\w{6}")/g, "$1$2"))
        }
        return form === "newer" ? collection : {
          ...collection,
          put: (key: string, value: A) => collection.put(key, age(value))
        }
      }
    }))
  ).pipe(Layer.provide(VaultStore.layerMemory))

const server = (form: Form) =>
  LocalServer.layer({ setup, settings }).pipe(
    Layer.provide(Scripted.layer()),
    Layer.provide(store(form))
  )

/** Consents as the user, and completes the session as the program. */
const approve = (user: UserIdentifier) => (session: ConsentSession) =>
  Effect.gen(function*() {
    yield* callback(yield* authorize(session.sessionUri), { code: "granted" })
    const dataPlane = yield* DataPlane.DataPlane
    yield* dataPlane.completeResourceTokenAuth({ sessionUri: session.sessionUri, userIdentifier: user })
  })

const obtain = (
  credential: Credentials.Credential,
  user: UserIdentifier | undefined
): Effect.Effect<
  Redacted.Redacted,
  unknown,
  | DataPlane.DataPlane
  | Identity.Identity
  | LocalBackend.LocalBackend
  | SecurityTokenService.SecurityTokenService
  | WorkloadAccessToken.WorkloadAccessToken
> => {
  switch (credential.kind) {
    case "ApiKey":
      return ApiKey.get(credential)
    case "IamAccessToken":
      return IamAccessToken.get(credential)
    case "AccessToken":
      return AccessToken.get(credential, {
        consent: approve(user ?? { userId: "nobody" }),
        poll: Schedule.spaced("1 millis")
      })
  }
}

let users = 0

/** A new user has no grant, so that every run has a consent. */
const newUser = (kind: Credentials.PolicyOptions["users"]): UserIdentifier | undefined => {
  const name = `user-${++users}`
  return kind === "none" ? undefined : kind === "userId" ? { userId: name } : {
    userToken: jwt({ iss: "https://users.example.com", sub: name, exp: 4102444800 })
  }
}

const aws = (url: string, accessKeyId: string) =>
  AwsIdentity.layer({
    endpoint: url,
    region: "us-west-2",
    credentials: { accessKeyId, secretAccessKey: Redacted.make("any") }
  })

/** Obtains the credentials as a program with the policy. */
const run = (list: Program, kind: Credentials.PolicyOptions["users"], given: Credentials.Policy) =>
  Effect.gen(function*() {
    policy = given
    const user = newUser(kind)
    const { url } = yield* LocalIdentity.LocalServer
    const workload = WorkloadAccessToken.layerWorkload({ name: "agent", user })
    // AgentCore Runtime obtains the token with permissions of its own.
    const supplied = WorkloadAccessToken.WorkloadAccessToken.use(({ get }) => get).pipe(
      Effect.provide(Layer.provide(workload, aws(url, "runtime-key")))
    )
    const tokens = kind === "runtime" ? WorkloadAccessToken.layer(yield* supplied) : workload
    return yield* Effect.forEach(list, (credential) => obtain(credential, user), { discard: true }).pipe(
      Effect.provide(Layer.provideMerge(tokens, aws(url, "app-key"))),
      Effect.result
    )
  })

/** Whether the server has no secret of this name, because its secrets have the other form. */
const isOtherForm = (resource: string, form: Form) =>
  resource.includes("!default/") && /-\?{8}-\?{6}$/.test(resource) !== (form === "newer")

/** Every policy with one action or one resource less, and the action and resource that it lacks. */
const reduce = ({ Statement, Version }: Credentials.Policy, form: Form) =>
  Statement.flatMap((statement, index) => {
    const replace = (changed: ReadonlyArray<Credentials.Policy["Statement"][number]>): Credentials.Policy => ({
      Version,
      Statement: Statement.flatMap((one, at) => at === index ? changed : [one])
    })
    const resources = statement.Resource.filter((resource) => !isOtherForm(resource, form))
    return [
      ...statement.Action.map((action) => {
        const Action = statement.Action.filter((one) => one !== action)
        // The first credential that needs the action decides which resource is missing.
        return { action, resource: "", policy: replace(Action.length === 0 ? [] : [{ ...statement, Action }]) }
      }),
      ...resources.map((resource) => {
        const Resource = statement.Resource.filter((one) => one !== resource)
        const reduced = replace(Resource.length === 0 ? [] : [{ ...statement, Resource }])
        return { action: statement.Action[0] ?? "", resource, policy: reduced }
      })
    ]
  })

type Program = ReadonlyArray<Credentials.Credential>

const cases: ReadonlyArray<
  readonly [
    title: string,
    program: Program,
    users: Credentials.PolicyOptions["users"],
    statements: number
  ]
> = [
  ["a token of the agent", [Machine], "none", 3],
  ["a token of a user with an id", [Calendar], "userId", 4],
  ["a token of a user with a JWT", [Calendar], "jwt", 4],
  ["a token of a user, with an external secret", [External], "userId", 4],
  ["a token on behalf of a user", [Exchanged], "jwt", 3],
  ["an API key", [Weather], "none", 3],
  ["an external API key", [ExternalWeather], "none", 3],
  ["an AWS-signed JWT", [Warehouse], "none", 2],
  ["a token of a client with a KMS key", [Signed], "none", 3],
  ["a token of a client that AWS vouches for", [Trusted], "none", 3],
  ["a token on behalf of a user, with an actor that AWS vouches for", [Acting], "jwt", 4],
  // One credential of each flow.
  ["a program with the ids of its users", [Machine, Calendar, Weather, Warehouse], "userId", 7],
  ["a program with JWTs of its users", [Machine, Calendar, Exchanged, Weather, Warehouse], "jwt", 7],
  ["a program on AgentCore Runtime", [Machine, Calendar, Exchanged, Weather, Warehouse], "runtime", 6]
]

const prove = Effect.fnUntraced(function*(
  program: Program,
  kind: Credentials.PolicyOptions["users"],
  whole: Credentials.Policy,
  form: Form
) {
  const found = yield* run(program, kind, whole)
  assert.strictEqual(found._tag, "Success", String(found))
  for (const { action, policy, resource } of reduce(whole, form)) {
    const denied = yield* run(program, kind, policy)
    assert.strictEqual(denied._tag, "Failure", `without ${action} on ${resource}`)
    const message = denied._tag === "Failure" ? String(denied.failure) : ""
    assert.match(message, /AccessDenied/)
    assert.include(message, `is not authorized to perform: ${action} on resource: `)
    // A secret ends in characters that only AWS knows.
    const [name = ""] = resource.split("-??")
    assert.include(message, name)
    const control = yield* LocalControl.LocalControl
    const records = yield* control.requests
    assert.isTrue(
      records.some(({ error, reasons }) =>
        Option.exists(error, ({ name }) => name.startsWith("AccessDenied"))
        && reasons.some((reason) => reason.includes(action) && reason.includes(name))
      )
    )
  }
})

describe("the policy of declared credentials", () => {
  for (const [title, program, kind, statements] of cases) {
    it.live(`is enough and minimal for ${title}`, () =>
      Effect.gen(function*() {
        const make = Effect.map(Check.readAccess(program), ({ providers }) =>
          Credentials.policy(program, {
            workload: "agent",
            account: "123456789012",
            region: "us-west-2",
            users: kind,
            providers
          }))
        // Every resource is needed with the names of one of the forms.
        for (const form of ["newer", "older"] as const) {
          yield* Effect.gen(function*() {
            const whole = yield* make
            assert.lengthOf(whole.Statement, statements)
            yield* prove(program, kind, whole, form)
          }).pipe(Effect.provide(server(form)))
        }
      }))
  }
})
