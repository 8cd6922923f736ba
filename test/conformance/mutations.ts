/** Errors of a server, and the statements that detect each. */
import { decodeJwt, decodeProtectedHeader, generateKeyPair, importPKCS8, SignJWT, UnsecuredJWT } from "jose"
import type { Call, Json, Mutation, ServiceResponse, Tools, Wrong } from "./mutate.js"
import type { TokenRequest } from "./statement.js"

// -----------------------------------------------------------------------------
// Parts
// -----------------------------------------------------------------------------

const parse = (text: string): Json => text === "" ? {} : JSON.parse(text)

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const operation = ({ path }: Call): string => {
  switch (path) {
    case "/identities/oauth2/token":
      return "GetResourceOauth2Token"
    case "/identities/api-key":
      return "GetResourceApiKey"
    case "/identities/payment/token":
      return "GetResourcePaymentToken"
    case "/identities/get-token-vault":
      return "GetTokenVault"
    case "/identities/set-token-vault-cmk":
      return "SetTokenVaultCMK"
    case "/":
      return "STS"
    default:
      return path.startsWith("/tags/") ? "Tags" : path.slice(path.lastIndexOf("/") + 1)
  }
}

const is = (call: Call, names: RegExp): boolean => names.test(operation(call))

/** The server gets another request. */
const request = (names: RegExp, change: (json: Json) => Json) => (): Wrong => ({
  service: (call, forward) =>
    forward(is(call, names) ? { ...call, body: JSON.stringify(change(parse(call.body))) } : call)
})

/** The client gets another response. */
const response = (names: RegExp, change: (given: ServiceResponse, request: Json) => ServiceResponse) => (): Wrong => ({
  service: async (call, forward) => {
    const given = await forward(call)
    return is(call, names) ? change(given, parse(call.body.startsWith("{") ? call.body : "")) : given
  }
})

/** The client gets another success. */
const success = (names: RegExp, change: (json: Json, request: Json) => Json) =>
  response(
    names,
    (given, json) =>
      given.status < 300 && given.body !== ""
        ? { ...given, body: JSON.stringify(change(parse(given.body), json)) }
        : given
  )

/** The client gets another error of a status. */
const failure = (status: number, change: (given: ServiceResponse) => ServiceResponse, names = /./) =>
  response(names, (given) => given.status === status ? change(given) : given)

const named = (name: string, status?: number) => (given: ServiceResponse): ServiceResponse => ({
  ...given,
  status: status ?? given.status,
  headers: { ...given.headers, "x-amzn-errortype": name }
})

const worded = (change: (message: string) => string) => (given: ServiceResponse): ServiceResponse => {
  const json = parse(given.body)
  return { ...given, body: JSON.stringify({ ...json, message: change(String(json["message"])) }) }
}

const rejection = (message: string): ServiceResponse => ({
  status: 400,
  headers: { "content-type": "application/json", "x-amzn-errortype": "ValidationException", "x-amzn-requestid": "r" },
  body: JSON.stringify({ message, reason: "FieldValidationFailed" })
})

/** The server rejects requests that it should accept. */
const tooStrict = (names: RegExp, isRejected: (json: Json) => boolean) => (): Wrong => ({
  service: async (call, forward) =>
    is(call, names) && isRejected(parse(call.body)) ? rejection("too strict") : forward(call)
})

const ok = (json: Json): ServiceResponse => ({
  status: 200,
  headers: { "content-type": "application/json", "x-amzn-requestid": "r" },
  body: JSON.stringify(json)
})

const without = (json: Json, ...names: ReadonlyArray<string>): Json =>
  Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name)))

/** Changes the configuration of a custom provider in a request. */
const customConfig = (change: (config: Json) => Json) => (json: Json): Json => {
  const input = json["oauth2ProviderConfigInput"]
  const config = isObject(input) ? input["customOauth2ProviderConfig"] : undefined
  return isObject(config)
    ? { ...json, oauth2ProviderConfigInput: { customOauth2ProviderConfig: change(config) } }
    : json
}

/** Changes a string of any member. */
const everywhere = (pattern: RegExp, replacement: string) => (json: Json): Json =>
  parse(JSON.stringify(json).replace(pattern, replacement))

const authorization = (change: (query: URLSearchParams) => void) => (): Wrong => ({ authorization: change })

const parameters = (change: (parameters: URLSearchParams) => void) => (): Wrong => ({
  token: async ({ basic, parameters: given }) => {
    const changed = new URLSearchParams(given)
    change(changed)
    return { basic, parameters: changed }
  }
})

/** Changes the JWTs that the recorder gets. */
const jwts = (names: ReadonlyArray<string>, change: (token: string, tools: Tools) => Promise<string>) => (): Wrong => ({
  token: async (given: TokenRequest, tools) => {
    const changed = new URLSearchParams(given.parameters)
    for (const name of names) {
      const token = changed.get(name)
      if (token !== null) changed.set(name, await change(token, tools))
    }
    return { ...given, parameters: changed }
  }
})

/** Signs an assertion of the key in KMS with other claims. */
const resign = (change: (claims: Json) => Json) => async (token: string, { kmsPrivateKey }: Tools): Promise<string> =>
  new SignJWT(change(decodeJwt(token)))
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg: "ES256" })
    .sign(await importPKCS8(kmsPrivateKey, "ES256"))

const assertion = ["client_assertion"]

const awsTokens = ["client_assertion", "actor_token"]

/** Replaces the signature with one of other bytes. */
const breakSignature = (token: string): string => {
  const at = token.lastIndexOf(".") + 5
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`
}

/** Returns the earlier response to an equal request. */
const cache =
  (names: RegExp, toKey: (json: Json) => string | undefined, isKept: (given: ServiceResponse) => boolean) =>
  (): Wrong => {
    const kept = new Map<string, ServiceResponse>()
    return {
      service: async (call, forward) => {
        const key = is(call, names) ? toKey(parse(call.body)) : undefined
        const found = key === undefined ? undefined : kept.get(key)
        if (found !== undefined) return found
        const given = await forward(call)
        if (key !== undefined && isKept(given)) kept.set(key, given)
        return given
      }
    }
  }

const isIssued = ({ body }: ServiceResponse): boolean => parse(body)["accessToken"] !== undefined

const isUser = (json: Json): boolean => json["oauth2Flow"] === "USER_FEDERATION"

const userRequest = (change: (json: Json) => Json) =>
  request(/^GetResourceOauth2Token$/, (json) => isUser(json) ? change(json) : json)

/** Replaces the user of a JWT with a user id. */
const asUserId = (call: Call): Call => {
  const { userToken, workloadName } = parse(call.body)
  return {
    ...call,
    path: "/identities/GetWorkloadAccessTokenForUserId",
    body: JSON.stringify({ workloadName, userId: decodeJwt(String(userToken)).sub })
  }
}

const oauth2Provider = /^CreateOauth2CredentialProvider$/

// -----------------------------------------------------------------------------
// The mutations
// -----------------------------------------------------------------------------

export const mutations: ReadonlyArray<Mutation> = [
  // Exceptions
  {
    id: "exception.name",
    wrong: "An unknown resource is a NotFoundException",
    detectedBy: ["workload.crud", "api-key.get", "tags.arn", "portal.unknown", "protocol.errors"],
    make: failure(404, named("NotFoundException"))
  },
  {
    id: "exception.status",
    wrong: "Access is denied with the status 400",
    detectedBy: ["workload-token.unknown", "binding.other-user", "binding.unknown-session", "provider.external-at-use"],
    make: failure(403, named("AccessDeniedException", 400))
  },
  {
    id: "exception.denied-as-invalid",
    wrong: "Denied access is a ValidationException",
    detectedBy: ["private-key-jwt.key-at-use", "workload-token.unknown-jwt", "user.expired"],
    make: failure(403, named("ValidationException", 400))
  },
  {
    id: "iam.denied-as-invalid",
    wrong: "A call without permission is a ValidationException",
    detectedBy: ["iam.resource", "iam.secret"],
    make: failure(403, named("ValidationException", 400))
  },
  {
    id: "iam.sts-resource",
    wrong: "STS names all resources",
    detectedBy: ["iam.sts"],
    make: response(/^STS$/, (given) => ({ ...given, body: given.body.replace(/arn:aws[\w-]*:sts::\d{12}:self/, "*") }))
  },
  {
    id: "exception.unauthorized-as-invalid",
    wrong: "A rejected JWT is a ValidationException",
    detectedBy: ["workload-token.jwt-checked", "workload-token.garbage"],
    make: failure(401, named("ValidationException", 400))
  },
  {
    id: "exception.invalid-as-denied",
    wrong: "A request for an impossible token is AccessDenied",
    detectedBy: ["user.without-user", "obo.without-jwt", "obo.vendors", "user.unregistered-url", "user.url-with-grant"],
    make: failure(400, named("AccessDeniedException", 403), /^GetResourceOauth2Token$/)
  },
  {
    id: "exception.conflict",
    wrong: "A conflict is a ValidationException",
    detectedBy: ["portal.one-per-gateway", "portal.life"],
    make: failure(409, named("ValidationException", 400))
  },
  {
    id: "exception.quota",
    wrong: "A quota is exceeded with the status 400",
    detectedBy: ["provider.quota"],
    make: failure(402, named("ServiceQuotaExceededException", 400))
  },
  {
    id: "exception.duplicate",
    wrong: "A second resource of a name has another message",
    detectedBy: ["workload.duplicate", "provider.duplicate"],
    make: failure(400, worded((message) => message.replace("already exists", "is taken")))
  },
  {
    id: "exception.reason",
    wrong: "A ValidationException has no reason",
    detectedBy: ["protocol.reason"],
    make: failure(400, (given) => ({ ...given, body: JSON.stringify(without(parse(given.body), "reason")) }))
  },
  {
    id: "exception.enum",
    wrong: "A wrong value of an enumeration is reported without the values",
    detectedBy: ["protocol.enum-message"],
    make: failure(400, worded((message) => message.replace(/enum value set: \[.*\]/, "enum value set")))
  },
  {
    id: "exception.tags",
    wrong: "Too many tags have another message",
    detectedBy: ["tags.too-many"],
    make: failure(400, worded((message) => message.replace("length less than", "size less than")))
  },
  {
    id: "exception.server-error",
    wrong: "The error of an authorization server is passed on",
    detectedBy: ["m2m.rejected", "obo.rejected"],
    make: failure(400, worded(() => "invalid_scope: the description of the server"), /^GetResourceOauth2Token$/)
  },
  {
    id: "exception.return-url",
    wrong: "Return URLs are rejected with other messages",
    detectedBy: ["user.no-registered-url", "user.no-url"],
    make: failure(400, worded((message) => message.replaceAll("ResourceOauth2ReturnUrl", "return URL")))
  },
  {
    id: "exception.service-linked",
    wrong: "A workload identity of a service is rejected as any other one",
    detectedBy: ["workload-token.service-linked"],
    make: failure(400, worded(() => "Workload Identity does not belong to caller account"), /^GetWorkloadAccessToken/)
  },
  // Members
  {
    id: "response.created",
    wrong: "A creation has the status 200",
    detectedBy: ["workload.crud", "vendor.GoogleOauth2", "provider.external-at-use"],
    make: response(/^Create/, (given) => given.status === 201 ? { ...given, status: 200 } : given)
  },
  {
    id: "response.milliseconds",
    wrong: "Times are milliseconds",
    detectedBy: ["protocol.timestamps"],
    make: success(/./, (json) => ({ ...json, createdTime: Number(json["createdTime"]) * 1_000 }))
  },
  {
    id: "response.no-callback-url",
    wrong: "A provider has no callback URL",
    detectedBy: ["provider.callback-url"],
    make: success(oauth2Provider, (json) => without(json, "callbackUrl"))
  },
  {
    id: "response.no-secret-arn",
    wrong: "A provider has no ARN of its secret",
    detectedBy: ["provider.required-outputs", "provider.arns"],
    make: success(oauth2Provider, (json) => without(json, "clientSecretArn"))
  },
  {
    id: "response.no-wallet-arn",
    wrong: "A payment provider has no ARN of its wallet's secret",
    detectedBy: ["payment.required-outputs"],
    make: success(/^CreatePayment/, everywhere(/"walletSecretArn":/, "\"otherArn\":"))
  },
  {
    id: "response.secret",
    wrong: "The secret of a provider is returned",
    detectedBy: ["vendor.GithubOauth2", "vendor.CustomOauth2"],
    make: success(/^GetOauth2CredentialProvider$/, (json) => ({ ...json, clientSecret: "secret" }))
  },
  {
    id: "response.vendor",
    wrong: "Every provider is a custom one",
    detectedBy: ["vendor.XOauth2", "provider.lists"],
    make: success(
      /Oauth2CredentialProviders?$/,
      everywhere(/"credentialProviderVendor":"\w+"/g, "\"credentialProviderVendor\":\"CustomOauth2\"")
    )
  },
  {
    id: "response.tenant",
    wrong: "The tenant of Microsoft is returned",
    detectedBy: ["provider.tenant"],
    make: () => {
      let tenant = ""
      return {
        service: async (call, forward) => {
          tenant = /"tenantId":"([^"]+)"/.exec(call.body)?.[1] ?? tenant
          const given = await forward(call)
          return is(call, /^GetOauth2/)
            ? { ...given, body: given.body.replace("\"clientId\"", `"tenantId":"${tenant}","clientId"`) }
            : given
        }
      }
    }
  },
  {
    id: "response.arn",
    wrong: "ARNs of workload identities have another form",
    detectedBy: ["workload.arn", "tags.vault-and-directory"],
    make: success(/./, everywhere(/:workload-identity-directory\//g, ":workload-directory/"))
  },
  {
    id: "response.account",
    wrong: "Resources belong to another account than the caller",
    detectedBy: ["sts.caller"],
    make: success(/^Create/, everywhere(/:\d{12}:/g, ":210987654321:"))
  },
  {
    id: "response.auth-method",
    wrong: "A response has the default of the client's authentication",
    detectedBy: ["provider.auth-method-output"],
    make: success(
      /^GetOauth2/,
      everywhere(/"clientId":/g, "\"clientAuthenticationMethod\":\"CLIENT_SECRET_BASIC\",\"clientId\":")
    )
  },
  {
    id: "response.not-found",
    wrong: "The messages for unknown providers have one form",
    detectedBy: [
      "provider.not-found.api-key",
      "provider.not-found.oauth2",
      "provider.not-found.payment",
      "provider.not-found.others"
    ],
    make: failure(404, worded(() => "Provider with name 'x' not found"))
  },
  {
    id: "response.secret-arns",
    wrong: "The names of secrets have no eight hexadecimal digits",
    detectedBy: ["provider.secret-arns", "payment.secret-arns"],
    make: success(/CredentialProvider$/, everywhere(/-[0-9a-f]{8}(?=[-/][a-zA-Z0-9-]{6,}")/g, ""))
  },
  {
    id: "parameters.dropped",
    wrong: "Reserved names in customParameters are dropped",
    detectedBy: ["obo.reserved", "parameters.reserved"],
    make: request(/^GetResourceOauth2Token$/, (json) => without(json, "customParameters"))
  },
  {
    id: "sts.key-ids",
    wrong: "The words of STS are those of a service with JSON",
    detectedBy: ["sts.violations", "sts.tag-keys", "sts.algorithms", "sts.size"],
    make: response(/^STS$/, (given) => ({ ...given, body: given.body.replace(/<Message>[^<]*/, "<Message>other") }))
  },
  {
    id: "exception.server-words",
    wrong: "The messages about authorization servers are one message",
    detectedBy: [
      "obo.required",
      "obo.without-token",
      "m2m.unresolved",
      "provider.https",
      "provider.https-at-use",
      "payment.keys"
    ],
    make: failure(400, worded(() => "The authorization server cannot be used"))
  },
  {
    id: "response.payment-tags",
    wrong: "A payment provider is returned with its tags",
    detectedBy: ["payment.tags"],
    make: success(/^GetPaymentCredentialProvider$/, (json) => ({ ...json, tags: {} }))
  },
  {
    id: "response.update-time",
    wrong: "Every update changes lastUpdatedTime",
    detectedBy: ["provider.update-time", "provider.update-time-read"],
    make: success(/^UpdateApiKeyCredentialProvider$/, (json) => ({ ...json, lastUpdatedTime: 4_000_000_000 }))
  },
  {
    id: "too-strict.discovery-url",
    wrong: "A discovery URL is read when the provider is created",
    detectedBy: ["provider.discovery-url"],
    make: tooStrict(/^CreateOauth2/, (json) => JSON.stringify(json).includes("https://127.0.0.1/.well-known"))
  },
  {
    id: "response.api-key",
    wrong: "The key of another provider is returned",
    detectedBy: ["api-key.get", "provider.external"],
    make: success(/^GetResourceApiKey$/, () => ({ apiKey: "key-of-another" }))
  },
  {
    id: "response.vault",
    wrong: "The token vault has another id",
    detectedBy: ["token-vault.get"],
    make: success(/^GetTokenVault$/, (json) => ({ ...json, tokenVaultId: "main" }))
  },
  {
    id: "response.long-token",
    wrong: "A workload access token is longer than the other operations accept",
    detectedBy: ["workload-token.opaque"],
    make: success(/^GetWorkloadAccessToken/, () => ({ workloadAccessToken: "a".repeat(131_073) }))
  },
  // Lists
  {
    id: "list.any-size",
    wrong: "A page may have any number of items",
    detectedBy: ["workload.list", "provider.lists"],
    make: request(/^List/, (json) => ({ ...json, maxResults: Math.min(Number(json["maxResults"] ?? 20), 20) }))
  },
  // Stored values
  {
    id: "stored.tags",
    wrong: "Tags are not stored",
    detectedBy: ["tags.resources", "tags.vault-and-directory"],
    make: () => ({
      service: async (call, forward) =>
        is(call, /^Tags$/) && call.method === "POST" ? { ...ok({}), status: 204 } : forward(call)
    })
  },
  {
    id: "stored.key",
    wrong: "The key of the token vault stays the service's",
    detectedBy: ["token-vault.key"],
    make: request(/^SetTokenVaultCMK$/, (json) => ({ ...json, kmsConfiguration: { keyType: "ServiceManagedKey" } }))
  },
  {
    id: "stored.secret",
    wrong: "An update without a secret keeps the old one",
    detectedBy: ["provider.update-replaces", "provider.source-switch"],
    make: request(/^UpdateOauth2/, (json) => ({
      ...json,
      oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "other", clientSecret: "secret" } }
    }))
  },
  // Checks
  {
    id: "checked.nothing",
    wrong: "Requests are not checked",
    detectedBy: [
      "limit.provider-name",
      "limit.return-url",
      "limit.session-uri",
      "limit.scope",
      "limit.custom-parameters",
      "limit.custom-state",
      "limit.resources",
      "limit.api-key",
      "limit.client-id",
      "limit.token-endpoint-auth-methods",
      "limit.kms-key-arn",
      "limit.private-endpoint",
      "limit.payment-ids",
      "limit.token-vault-id"
    ],
    make: failure(400, () => ok({}))
  },
  {
    id: "checked.long-urls",
    wrong: "URLs of more than 2,048 characters are rejected",
    detectedBy: ["limit.endpoints"],
    make: tooStrict(oauth2Provider, (json) => /https:[^"]{2048}/.test(JSON.stringify(json)))
  },
  {
    id: "checked.long-name",
    wrong: "A name of 256 characters is accepted",
    detectedBy: ["limit.workload-name"],
    make: request(/^CreateWorkloadIdentity$/, (json) => ({ ...json, name: String(json["name"]).slice(0, 255) }))
  },
  {
    id: "checked.short-user-id",
    wrong: "A user's id of 128 characters is rejected",
    detectedBy: ["limit.user-id"],
    make: tooStrict(/ForUserId$/, ({ userId }) => String(userId).length > 127)
  },
  {
    id: "checked.json-key",
    wrong: "A JSON key of 65 characters is rejected",
    detectedBy: ["limit.json-key"],
    make: tooStrict(/^CreateApiKey/, (json) => /"jsonKey":"\w{65}/.test(JSON.stringify(json)))
  },
  {
    id: "checked.tags",
    wrong: "Tags may have any character",
    detectedBy: ["limit.tags"],
    make: request(/^CreateWorkloadIdentity$/, (json) => JSON.parse(JSON.stringify(json).replaceAll("!", "")))
  },
  {
    id: "checked.untag",
    wrong: "More than 50 tags cannot be removed at once",
    detectedBy: ["tags.many-keys"],
    make: () => ({
      service: async (call, forward) =>
        call.method === "DELETE" && call.path.split("tagKeys=").length > 51 ? rejection("too many") : forward(call)
    })
  },
  {
    id: "checked.scopes",
    wrong: "More than 100 scopes are rejected",
    detectedBy: ["limit.scopes"],
    make: tooStrict(/^GetResourceOauth2Token$/, ({ scopes }) => Array.isArray(scopes) && scopes.length > 100)
  },
  {
    id: "checked.user-token",
    wrong: "Any string is accepted as a JWT",
    detectedBy: ["limit.user-token"],
    make: () => ({
      service: async (call, forward) =>
        is(call, /ForJWT$/) && !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(String(parse(call.body)["userToken"]))
          ? ok({ workloadAccessToken: "token" })
          : forward(call)
    })
  },
  {
    id: "checked.discovery-url",
    wrong: "A discovery URL may have any form",
    detectedBy: ["limit.discovery-url", "protocol.one-field"],
    make: request(
      oauth2Provider,
      customConfig((config) => {
        const { oauthDiscovery } = config
        return isObject(oauthDiscovery) && typeof oauthDiscovery["discoveryUrl"] === "string"
            && !oauthDiscovery["discoveryUrl"].includes("/.well-known/")
          ? {
            ...config,
            oauthDiscovery: {
              authorizationServerMetadata: {
                issuer: "https://id.example.com",
                authorizationEndpoint: "https://id.example.com/authorize",
                tokenEndpoint: "https://id.example.com/token"
              }
            }
          }
          : config
      })
    )
  },
  {
    id: "checked.unknown-member",
    wrong: "A member that the operation does not have is rejected",
    detectedBy: ["protocol.unknown-member"],
    make: tooStrict(/./, (json) => "tomorrow" in json)
  },
  {
    id: "checked.null",
    wrong: "A member that is null is rejected",
    detectedBy: ["protocol.null-member"],
    make: tooStrict(/./, (json) => Object.values(json).includes(null))
  },
  {
    id: "checked.union",
    wrong: "Of two members of a union, the first counts",
    detectedBy: ["provider.unions"],
    make: request(oauth2Provider, (json) => {
      const input = json["oauth2ProviderConfigInput"]
      return isObject(input)
        ? { ...json, oauth2ProviderConfigInput: Object.fromEntries(Object.entries(input).slice(0, 1)) }
        : json
    })
  },
  {
    id: "checked.vendor-member",
    wrong: "The configuration of another vendor is accepted",
    detectedBy: ["vendor.wrong-member"],
    make: request(oauth2Provider, (json) =>
      json["credentialProviderVendor"] === "GithubOauth2"
        ? JSON.parse(JSON.stringify(json).replace("googleOauth2ProviderConfig", "githubOauth2ProviderConfig"))
        : json)
  },
  {
    id: "checked.endpoints",
    wrong: "A vendor whose endpoints differ may have none",
    detectedBy: ["vendor.needs-endpoints"],
    make: request(oauth2Provider, (json) => {
      const input = json["oauth2ProviderConfigInput"]
      const config = isObject(input) ? input["includedOauth2ProviderConfig"] : undefined
      const url = "https://id.example.com"
      return isObject(config)
        ? {
          ...json,
          oauth2ProviderConfigInput: {
            includedOauth2ProviderConfig: { issuer: url, authorizationEndpoint: url, tokenEndpoint: url, ...config }
          }
        }
        : json
    })
  },
  {
    id: "checked.auth-methods",
    wrong: "Two settings of the client's authentication are accepted",
    detectedBy: ["provider.auth-methods"],
    make: request(
      oauth2Provider,
      customConfig((config) =>
        JSON.stringify(config).includes("tokenEndpointAuthMethods")
          ? without(config, "clientAuthenticationMethod")
          : config
      )
    )
  },
  {
    id: "checked.reserved-claims",
    wrong: "Reserved claims are accepted",
    detectedBy: ["private-key-jwt.reserved.jti", "private-key-jwt.reserved.alg", "private-key-jwt.claims"],
    make: request(
      oauth2Provider,
      customConfig((config) => {
        const { privateKeyJwtConfig } = config
        return isObject(privateKeyJwtConfig)
          ? {
            ...config,
            privateKeyJwtConfig: without(privateKeyJwtConfig, "additionalHeaderClaims", "additionalPayloadClaims")
          }
          : config
      })
    )
  },
  {
    id: "checked.key-and-secret",
    wrong: "A client may have a key and a secret",
    detectedBy: ["private-key-jwt.secret"],
    make: request(
      oauth2Provider,
      customConfig((config) =>
        config["clientAuthenticationMethod"] === "PRIVATE_KEY_JWT" ? without(config, "clientSecret") : config
      )
    )
  },
  // Workload access tokens
  {
    id: "workload-token.expired-jwt",
    wrong: "A JWT that has expired is accepted",
    detectedBy: ["workload-token.jwt-checked"],
    make: () => ({
      service: async (call, forward) => {
        const token = is(call, /ForJWT$/) ? String(parse(call.body)["userToken"]) : undefined
        const isExpired = token !== undefined && Number(decodeJwt(token).exp) * 1_000 < Date.now()
        return forward(isExpired ? asUserId(call) : call)
      }
    })
  },
  {
    id: "workload-token.forged-jwt",
    wrong: "The signature of a JWT is not checked",
    detectedBy: ["workload-token.jwt-checked"],
    make: () => ({
      service: async (call, forward) => {
        const given = await forward(call)
        return given.status === 401 && is(call, /ForJWT$/)
            && Number(decodeJwt(String(parse(call.body)["userToken"])).exp) * 1_000 > Date.now()
          ? forward(asUserId(call))
          : given
      }
    })
  },
  {
    id: "workload-token.outlives-jwt",
    wrong: "A workload access token outlives its JWT",
    detectedBy: ["workload-token.jwt-end"],
    make: cache(
      /^GetResourceApiKey$/,
      (json) => JSON.stringify(json),
      ({ status }) => status === 200
    )
  },
  {
    id: "workload-token.other-user",
    wrong: "The token of one user is returned to another",
    detectedBy: ["vault.hit"],
    make: request(/ForUserId$/, (json) => ({ ...json, userId: "alice" }))
  },
  // Grants
  {
    id: "vault.of-provider",
    wrong: "A grant belongs to its provider, and is shared by all users",
    detectedBy: ["vault.hit", "vault.namespaces", "vault.jwt-user"],
    make: cache(
      /^GetResourceOauth2Token$/,
      (json) => isUser(json) ? String(json["resourceCredentialProviderName"]) : undefined,
      isIssued
    )
  },
  {
    id: "vault.without-shape",
    wrong: "A grant is used for requests of any shape",
    detectedBy: [
      "vault.shape.more-scopes",
      "vault.shape.fewer-scopes",
      "vault.shape.other-resources",
      "vault.shape.other-audiences",
      "vault.shape.other-custom-parameters",
      "vault.force"
    ],
    make: cache(
      /^GetResourceOauth2Token$/,
      (json) => isUser(json) ? `${json["workloadIdentityToken"]} ${json["resourceCredentialProviderName"]}` : undefined,
      isIssued
    )
  },
  {
    id: "vault.with-state",
    wrong: "Custom state is part of the shape of a grant",
    detectedBy: ["vault.shape.custom-state"],
    make: userRequest((json) => "customState" in json ? { ...json, audiences: [json["customState"]] } : json)
  },
  {
    id: "vault.not-forced",
    wrong: "forceAuthentication has no effect",
    detectedBy: ["vault.force"],
    make: userRequest((json) => without(json, "forceAuthentication"))
  },
  {
    id: "vault.forgets",
    wrong: "A user is prompted each time",
    detectedBy: ["vault.hit", "vault.jwt-user", "vault.shape.order", "user.url-with-grant"],
    make: userRequest((json) => "sessionUri" in json ? json : { ...json, forceAuthentication: true })
  },
  {
    id: "vault.no-refresh",
    wrong: "A refresh is sent as another grant",
    detectedBy: ["vault.refresh"],
    make: parameters((given) => {
      if (given.get("grant_type") === "refresh_token") given.set("grant_type", "authorization_code")
    })
  },
  {
    id: "m2m.stored",
    wrong: "The tokens of machines are stored",
    detectedBy: ["m2m.not-stored"],
    make: cache(
      /^GetResourceOauth2Token$/,
      (json) => json["oauth2Flow"] === "M2M" ? JSON.stringify(json) : undefined,
      isIssued
    )
  },
  {
    id: "m2m.page",
    wrong: "A workload gets a page for users",
    detectedBy: ["m2m.token"],
    make: success(
      /^GetResourceOauth2Token$/,
      (json, { oauth2Flow }) => oauth2Flow === "M2M" ? { ...json, authorizationUrl: "https://example.com/" } : json
    )
  },
  // Sessions
  {
    id: "session.any-user",
    wrong: "Any user completes the session",
    detectedBy: ["binding.other-user"],
    make: request(/^CompleteResourceTokenAuth$/, (json) => ({ ...json, userIdentifier: { userId: "alice" } }))
  },
  {
    id: "session.same-subject",
    wrong: "Any JWT of the user completes the session",
    detectedBy: ["binding.same-jwt"],
    make: () => {
      const first = new Map<unknown, unknown>()
      return {
        service: (call, forward) => {
          const json = parse(call.body.startsWith("{") ? call.body : "")
          if (is(call, /ForJWT$/)) first.set(decodeJwt(String(json["userToken"])).sub, json["userToken"])
          const { userIdentifier } = json
          if (!is(call, /^CompleteResourceTokenAuth$/) || !isObject(userIdentifier)) return forward(call)
          const { userToken } = userIdentifier
          const original = userToken === undefined ? undefined : first.get(decodeJwt(String(userToken)).sub)
          return forward(
            original === undefined
              ? call
              : { ...call, body: JSON.stringify({ ...json, userIdentifier: { userToken: original } }) }
          )
        }
      }
    }
  },
  {
    id: "session.not-completed",
    wrong: "The completion of a session has no effect",
    detectedBy: ["user.consent", "user.code-exchange"],
    make: () => ({
      service: async (call, forward) => is(call, /^CompleteResourceTokenAuth$/) ? ok({}) : forward(call)
    })
  },
  {
    id: "session.pending",
    wrong: "A failed session is in progress",
    detectedBy: ["user.denied", "user.expired"],
    make: success(/^GetResourceOauth2Token$/, everywhere(/"FAILED"/, "\"IN_PROGRESS\""))
  },
  {
    id: "session.failed",
    wrong: "A session fails as long as the user has not consented",
    detectedBy: ["user.poll"],
    make: success(
      /^GetResourceOauth2Token$/,
      (json, { sessionUri }) =>
        sessionUri === undefined || "accessToken" in json ? json : { ...json, sessionStatus: "FAILED" }
    )
  },
  {
    id: "session.no-status",
    wrong: "The first response has no status",
    detectedBy: ["user.first-response"],
    make: success(/^GetResourceOauth2Token$/, (json) => without(json, "sessionStatus"))
  },
  // Requests to authorization servers
  {
    id: "authorization.no-pkce",
    wrong: "There is no PKCE",
    detectedBy: ["user.pkce"],
    make: () => ({
      ...authorization((query) => {
        query.delete("code_challenge")
        query.delete("code_challenge_method")
      })(),
      ...parameters((given) => given.delete("code_verifier"))()
    })
  },
  {
    id: "authorization.no-verifier",
    wrong: "The token request has no code verifier",
    detectedBy: ["user.pkce"],
    make: parameters((given) => given.delete("code_verifier"))
  },
  {
    id: "authorization.custom-scope",
    wrong: "Custom parameters replace those of the specification",
    detectedBy: ["user.authorization-parameters"],
    make: authorization((query) => {
      if (query.has("access_type")) query.set("scope", "all")
    })
  },
  {
    id: "authorization.redirect-uri",
    wrong: "The authorization request has another redirect URI than the provider",
    detectedBy: ["user.callback-url"],
    make: authorization((query) =>
      query.set("redirect_uri", String(query.get("redirect_uri")).replace(/[0-9a-f-]{36}$/, "callback"))
    )
  },
  {
    id: "token.resources",
    wrong: "Resources are one parameter",
    detectedBy: ["m2m.parameters"],
    make: parameters((given) => {
      if (given.has("resource")) given.set("resource", given.getAll("resource").join(" "))
    })
  },
  {
    id: "token.no-header",
    wrong: "The client's secret is always in the body",
    detectedBy: ["m2m.client-authentication"],
    make: () => ({ token: async (given) => ({ ...given, basic: false }) })
  },
  {
    id: "obo.subject-type",
    wrong: "The type of the subject token cannot be overridden",
    detectedBy: ["obo.override"],
    make: parameters((given) => {
      if (given.has("subject_token")) given.set("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
    })
  },
  {
    id: "obo.actor",
    wrong: "A token exchange always has an actor",
    detectedBy: ["obo.token-exchange", "obo.actor-m2m"],
    make: parameters((given) => given.set("actor_token", "actor"))
  },
  {
    id: "obo.assertion",
    wrong: "A JWT authorization grant has another assertion",
    detectedBy: ["obo.jwt-grant", "obo.microsoft"],
    make: parameters((given) => {
      if (given.has("assertion")) given.set("assertion", "other")
    })
  },
  // JWTs
  {
    id: "assertion.audience",
    wrong: "A private-key JWT is for the issuer",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, aud: String(claims["aud"]).replace(/\/token$/, "") })))
  },
  {
    id: "assertion.no-id",
    wrong: "A private-key JWT has no jti",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => without(claims, "jti")))
  },
  {
    id: "assertion.one-id",
    wrong: "All private-key JWTs have the same jti",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, jti: "one" })))
  },
  {
    id: "assertion.long",
    wrong: "A private-key JWT lives for a day",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, exp: Number(claims["iat"]) + 86_400 })))
  },
  {
    id: "assertion.expired",
    wrong: "A private-key JWT has expired",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, iat: 1, nbf: 1, exp: 60 })))
  },
  {
    id: "assertion.other-key",
    wrong: "A private-key JWT is signed with another key",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, async (token) =>
      new SignJWT(decodeJwt(token))
        .setProtectedHeader({ ...decodeProtectedHeader(token), alg: "ES256" })
        .sign((await generateKeyPair("ES256")).privateKey))
  },
  {
    id: "assertion.unsigned",
    wrong: "A private-key JWT has the algorithm none",
    detectedBy: ["private-key-jwt.assertion"],
    make: jwts(assertion, async (token) => new UnsecuredJWT(decodeJwt(token)).encode())
  },
  {
    id: "aws-jwt.signature",
    wrong: "JWTs of AWS have another signature",
    detectedBy: ["obo.actor-aws", "aws-jwt.client"],
    make: jwts(awsTokens, async (token) => breakSignature(token))
  },
  {
    id: "sts.signature",
    wrong: "STS signs its JWTs wrongly",
    detectedBy: ["sts.web-identity"],
    make: response(/^STS$/, (given) => ({
      ...given,
      body: given.body.replace(
        /(<WebIdentityToken>)([^<]+)/,
        (_, tag: string, token: string) => `${tag}${breakSignature(token)}`
      )
    }))
  },
  {
    id: "payment.path",
    wrong: "A payment token of Coinbase is for another path",
    detectedBy: ["payment.coinbase"],
    make: request(
      /^GetResourcePaymentToken$/,
      (json) => JSON.parse(JSON.stringify(json).replace("/accounts", "/other"))
    )
  },
  {
    id: "payment.basic",
    wrong: "A payment token of Privy is the secret alone",
    detectedBy: ["payment.stripe"],
    make: success(
      /^GetResourcePaymentToken$/,
      everywhere(/"basicAuthToken":"[^"]+"/, `"basicAuthToken":"${Buffer.from("app-secret").toString("base64")}"`)
    )
  },
  // Consent portals
  {
    id: "portal.openid",
    wrong: "The scopes of a consent portal need no openid",
    detectedBy: ["portal.idp"],
    make: request(
      /ConsentPortal$/,
      (json) => JSON.parse(JSON.stringify(json).replace("\"scopes\":[\"email\"]", "\"scopes\":[\"openid\"]"))
    )
  },
  {
    id: "portal.role",
    wrong: "The role of a consent portal may be any string",
    detectedBy: ["portal.role"],
    make: request(
      /^CreateConsentPortal$/,
      (json) => ({ ...json, executionRoleArn: "arn:aws:iam::123456789012:role/consent-portal" })
    )
  }
]
