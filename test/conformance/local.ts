/** The local server as the service under test, with the parts that exist on this machine. */
import * as AuthorizationServer from "effect-agentcore-identity/local/AuthorizationServer"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import * as TestUser from "effect-agentcore-identity/local/TestUser"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Jose from "jose"
import { randomBytes } from "node:crypto"
import * as Issuer from "../support/issuer.js"
import { LocalBackend, serverOverHttp } from "../support/localBackend.js"
import * as Server from "../support/server.js"
import * as SimulatedUser from "../support/simulatedUser.js"
import { type ClientOptions, makeClients, type Recording } from "./clients.js"
import { makeHttpClients } from "./httpClients.js"
import type { Parts, Recorder, TokenRequest } from "./statement.js"

export const prefix = "conformance"

const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-4333-8444-555555555555"

const secret = { secretId: `${prefix}-secret`, jsonKey: "password", value: "the-external-key" }

/** It is not removed, so its name has another prefix. */
const serviceLinked = "linked-to-a-service"

const restrictedKey = `${prefix}-restricted`

const restrictedStatements: Exclude<
  NonNullable<LocalIdentity.Options["policy"]>["Statement"],
  { readonly Effect: string }
> = [
  { Effect: "Allow", Action: "bedrock-agentcore:GetWorkloadAccessToken", Resource: "*" },
  {
    Effect: "Allow",
    Action: "bedrock-agentcore:GetResourceApiKey",
    NotResource: "arn:aws:bedrock-agentcore:*:*:token-vault/default/*"
  },
  {
    Effect: "Allow",
    Action: "bedrock-agentcore:GetResourceApiKey",
    // Providers with these names may be used. The secrets of the first may not be read.
    Resource: ["aaaaaaaa", "bbbbbbbb"].map((end) =>
      `arn:aws:bedrock-agentcore:*:*:token-vault/default/apikeycredentialprovider/*${end}`
    )
  },
  {
    Effect: "Allow",
    Action: "secretsmanager:GetSecretValue",
    // The second star matches the account and `secret`.
    Resource: "arn:aws:secretsmanager:*:*:bedrock-agentcore-identity!default/apikey/*bbbbbbbb-*"
  },
  { Effect: "Allow", Action: "bedrock-agentcore:GetResourceOauth2Token", Resource: "*" },
  {
    Effect: "Allow",
    Action: ["bedrock-agentcore:CreateOauth2CredentialProvider", "bedrock-agentcore:CreateWorkloadIdentity"],
    Resource: [
      "token-vault/default",
      `token-vault/default/oauth2credentialprovider/${prefix}*`,
      "workload-identity-directory/default",
      `workload-identity-directory/default/workload-identity/${prefix}*`
    ].map((resource) => `arn:aws:bedrock-agentcore:*:*:${resource}`)
  },
  { Effect: "Allow", Action: "bedrock-agentcore:*ApiKeyCredentialProvider", Resource: "*" },
  {
    Effect: "Allow",
    Action: "bedrock-agentcore:CreateTokenVault",
    Resource: "*",
    Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": "vault" } }
  },
  {
    Effect: "Allow",
    Action: "bedrock-agentcore:GetTokenVault",
    Resource: "arn:aws:bedrock-agentcore:*:*:token-vault/default*"
  },
  ...[
    { StringEquals: { "aws:TagKeys": "single" } },
    { "ForAllValues:StringEquals": { "aws:TagKeys": "all" } },
    { ArnNotLike: { "aws:RequestTag/arn": "arn:aws:iam::*:user/*" }, Null: { "aws:RequestTag/arn": "false" } },
    { Bool: { "aws:RequestTag/flag": "false" } }
  ].map((Condition) =>
    ({ Effect: "Allow", Action: "bedrock-agentcore:TagResource", Resource: "*", Condition }) as const
  )
]

const roleArn = "arn:aws:iam::123456789012:role/consent-portal"

type Respond = Parameters<Recorder["respond"]>[1]

const issueTokens: Respond = (_, index) => ({
  body: { access_token: `token-${index}`, token_type: "Bearer", expires_in: 3_600 }
})

/** RFC 6749, section 2.3.1: id and secret are encoded as in a form. */
const clientOfBasic = (header: string | undefined): string | undefined => {
  const [, encoded] = /^Basic (.+)$/i.exec(header ?? "") ?? []
  const [id] = Buffer.from(encoded ?? "", "base64").toString("utf8").split(":")
  return encoded === undefined ? undefined : decodeURIComponent((id ?? "").replaceAll("+", " "))
}

const clientOf = (basic: string | undefined, parameters: URLSearchParams): string => {
  const assertion = parameters.get("client_assertion")
  // In a JWT of AWS the subject is the account, so the client id is in the form.
  return basic ?? parameters.get("client_id") ?? String(assertion === null ? "" : Jose.decodeJwt(assertion).sub)
}

const readBody = async (request: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

/** Changes requests of the service before the recorder gets them. */
interface Outgoing {
  readonly authorization: (query: URLSearchParams) => void
  readonly token: (request: TokenRequest) => Promise<TokenRequest>
}

const makeRecorder = (outgoing: Outgoing): Effect.Effect<Recorder, never, Scope.Scope> =>
  Effect.gen(function*() {
    const authorizations: Array<URLSearchParams> = []
    const tokens: Array<TokenRequest & { readonly client: string }> = []
    const responders = new Map<string, Respond>()
    const json = (status: number, body: object) => ({
      status,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })

    const respond = async (url: URL, header: string | undefined, body: Promise<string>) => {
      switch (url.pathname) {
        case "/insecure/.well-known/openid-configuration":
          return json(200, {
            issuer: `${url.origin}/insecure`,
            authorization_endpoint: `${url.origin}/authorize`,
            token_endpoint: "http://id.example.com/token"
          })
        case "/.well-known/openid-configuration":
          return json(200, {
            issuer: url.origin,
            authorization_endpoint: `${url.origin}/authorize`,
            token_endpoint: `${url.origin}/token`,
            jwks_uri: `${url.origin}/keys`
          })
        case "/authorize": {
          outgoing.authorization(url.searchParams)
          authorizations.push(url.searchParams)
          const back = new URL(url.searchParams.get("redirect_uri") ?? "")
          back.searchParams.set("code", randomBytes(9).toString("base64url"))
          back.searchParams.set("state", url.searchParams.get("state") ?? "")
          return { status: 302, headers: { location: back.href }, body: "" }
        }
        case "/token": {
          const parameters = new URLSearchParams(await body)
          const basic = clientOfBasic(header)
          const client = clientOf(basic, parameters)
          const request = { ...await outgoing.token({ parameters, basic: basic !== undefined }), client }
          const index = tokens.filter((request) => request.client === client).length
          tokens.push(request)
          const response = (responders.get(client) ?? issueTokens)(request, index)
          return json(response.status ?? 200, response.body)
        }
        default:
          return json(404, { error: "not_found" })
      }
    }
    const issuer = yield* Server.serve((request, response) => {
      const url = new URL(request.url ?? "/", `http://${request.headers.host}`)
      respond(url, request.headers.authorization, readBody(request)).then(
        ({ body, headers, status }) => response.writeHead(status, headers).end(body),
        () => response.writeHead(500).end()
      )
    })
    return {
      issuer,
      discoveryUrl: `${issuer}/.well-known/openid-configuration`,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      insecureDiscoveryUrl: `${issuer}/insecure/.well-known/openid-configuration`,
      authorizations: (clientId) => authorizations.filter((query) => query.get("client_id") === clientId),
      tokens: (clientId) => tokens.filter(({ client }) => client === clientId),
      respond: (clientId, respond) => {
        responders.set(clientId, respond)
      }
    }
  })

const makeUserToken: Effect.Effect<Parts["userToken"], never, Scope.Scope> = Effect.gen(function*() {
  const key = yield* Issuer.makeKey("ES256", { kid: "key-1" })
  const forged = yield* Issuer.makeKey("ES256", { kid: "key-1" })
  const { issuer } = yield* Issuer.issuerOf(() => [key.jwk])
  return (claims, options = {}) => {
    const now = Math.floor(Date.now() / 1_000)
    const signed = Issuer.sign(issuer, options.forged === true ? forged : key, {
      ...claims,
      iat: now,
      exp: now + (options.lifetime ?? 600),
      // A fresh JWT is a different string.
      jti: randomBytes(9).toString("base64url")
    })
    return Effect.runPromise(Effect.map(signed, Redacted.value))
  }
})

export interface Service {
  readonly recording: Recording
  /** The same clients over `AwsPlanes.layerHttp`. */
  readonly http: Recording
  readonly parts: Parts
  /** For clients in other processes. */
  readonly environment: Readonly<Record<string, string>>
  /** The public key in KMS, in PEM. */
  readonly kmsPrivateKey: string
  /** Clients like those of `recording`, and of the caller with policies, of another endpoint. */
  readonly connect: (
    endpoint: string
  ) => Effect.Effect<{ readonly recording: Recording; readonly restricted: Recording }, never, Scope.Scope>
}

export const makeWith = (outgoing: Outgoing): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function*() {
    const recorder = yield* makeRecorder(outgoing)
    const userToken = yield* makeUserToken
    const pem = yield* Effect.promise(async () => {
      const { privateKey, publicKey } = await Jose.generateKeyPair("ES256", { extractable: true })
      return { privateKey: await Jose.exportPKCS8(privateKey), publicKey: await Jose.exportSPKI(publicKey) }
    })
    const { authorizationEndpoint, issuer, tokenEndpoint } = recorder
    const settings = {
      secrets: { [secret.secretId]: { [secret.jsonKey]: Redacted.make(secret.value) } },
      kmsKeys: { [kmsKeyArn]: Redacted.make(pem.privateKey) },
      vendorEndpoints: { MicrosoftOauth2: { authorizationEndpoint, issuer, tokenEndpoint } },
      serviceLinked: [serviceLinked],
      assumableRoles: [roleArn],
      policies: { [restrictedKey]: [{ Statement: restrictedStatements }] }
    }
    const context = yield* Layer.build(serverOverHttp({ settings, consentPortalDelay: "400 millis" }))
    return yield* Effect.gen(function*() {
      const server = yield* LocalIdentity.LocalServer
      const backend = yield* LocalBackend.LocalBackend
      const client = { clientId: "agentcore", clientSecret: Redacted.make("a-development-secret") }
      const oauth = yield* AuthorizationServer.make({
        clients: [{ ...client, redirectUris: [`${server.url}/identities/oauth2/callback/*`], scopes: ["read"] }]
      })
      const options = {
        endpoint: server.url,
        region: "us-west-2",
        credentials: { accessKeyId: "local", secretAccessKey: "local-secret" }
      }
      const open = (make: (options: ClientOptions) => Recording, changes: Partial<ClientOptions> = {}) =>
        Effect.acquireRelease(
          Effect.sync(() => make({ ...options, ...changes })),
          ({ close }) => Effect.sync(close)
        )
      const connect = (endpoint: string) =>
        Effect.all({
          recording: open(makeClients, { endpoint }),
          restricted: open(makeClients, {
            endpoint,
            credentials: { accessKeyId: restrictedKey, secretAccessKey: "any" }
          })
        })
      const { recording, restricted } = yield* connect(server.url)
      const http = yield* open(makeHttpClients)
      yield* Effect.promise(() => recording.control.createWorkloadIdentity({ name: serviceLinked }))
      recording.keepCreated()
      const parts: Parts = {
        authorizationServer: {
          discoveryUrl: oauth.discoveryUrl,
          clientId: client.clientId,
          clientSecret: Redacted.value(client.clientSecret)
        },
        consent: (authorizationUrl, userName, decision) =>
          Effect.runPromise(Effect.map(
            SimulatedUser.consent({ authorizationUrl: Redacted.make(authorizationUrl), userName, decision }),
            ({ status, text, url }) => ({ status, text, url: Redacted.value(url) })
          )),
        recorder,
        browse: (authorizationUrl) =>
          Effect.runPromise(Effect.gen(function*() {
            const user = yield* TestUser.make("alice")
            return Redacted.value((yield* user.opens(authorizationUrl)).url)
          })),
        userToken,
        expire: (sessionUri) => Effect.runPromise(backend.expire(Redacted.make(sessionUri))),
        account: { secret, kmsKeyArn, kmsPublicKey: pem.publicKey, serviceLinked },
        restricted,
        gateway: {
          identifier: "conformance-0a1b2c3d4e",
          other: "conformance-5f6g7h8i9j",
          roleArn
        },
        wholeAccount: true
      }
      return {
        recording,
        http,
        parts,
        environment: server.environment,
        kmsPrivateKey: pem.privateKey,
        connect
      }
    }).pipe(Effect.provide(context))
  }).pipe(Effect.orDie)

export const make: Effect.Effect<Service, never, Scope.Scope> = makeWith({
  authorization: () => {},
  token: (request) => Promise.resolve(request)
})
