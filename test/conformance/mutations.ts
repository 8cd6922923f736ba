/** Errors of a server, and the statements that detect each. */
import { decodeJwt, decodeProtectedHeader, generateKeyPair, importPKCS8, SignJWT, UnsecuredJWT } from "jose"
import type { Call, Json, Mutation, ServiceResponse, Tools, Wrong } from "./mutate.js"
import type { TokenRequest } from "./statement.js"

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

const service = (change: Wrong["service"]) => (): Wrong => ({ service: change })

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

/** What is wrong, and a server like that. */
export const mutations: Readonly<Record<string, Mutation>> = {
  // Exceptions
  "An unknown resource is a NotFoundException": {
    by: ["workload.crud", "api-key.get", "tags.arn", "portal.unknown", "protocol.errors"],
    make: failure(404, named("NotFoundException"))
  },
  "Access is denied with the status 400": {
    by: ["workload-token.unknown", "binding.other-user", "binding.unknown-session", "provider.external-at-use"],
    make: failure(403, named("AccessDeniedException", 400))
  },
  "Denied access is a ValidationException": {
    by: ["private-key-jwt.key-at-use", "workload-token.unknown-jwt", "user.expired"],
    make: failure(403, named("ValidationException", 400))
  },
  "A call without permission is a ValidationException": {
    by: [
      "iam.resource",
      "iam.secret",
      "iam.create-token-vault",
      "iam.managed-secret",
      "iam.client-jwt",
      "iam.client-key"
    ],
    make: failure(403, named("ValidationException", 400))
  },
  "A denial names the resource of the request": {
    by: ["iam.create", "iam.get-token-vault"],
    make: failure(403, worded((message) => message.replace(/\S+(\/\*|get-token-vault)(?= because)/, "arn:of-the-name")))
  },
  "Every tag is allowed": {
    by: ["iam.multi-valued", "iam.condition-values"],
    make: failure(403, () => ({ ...ok({}), status: 204, body: "" }), /^Tags$/)
  },
  "STS names all resources": {
    by: ["iam.sts"],
    make: response(/^STS$/, (given) => ({ ...given, body: given.body.replace(/arn:aws[\w-]*:sts::\d{12}:self/, "*") }))
  },
  "A rejected JWT is a ValidationException": {
    by: ["workload-token.jwt-checked", "workload-token.garbage"],
    make: failure(401, named("ValidationException", 400))
  },
  "A request for an impossible token is AccessDenied": {
    by: ["user.without-user", "obo.without-jwt", "obo.vendors", "user.unregistered-url", "user.url-with-grant"],
    make: failure(400, named("AccessDeniedException", 403), /^GetResourceOauth2Token$/)
  },
  "A conflict is a ValidationException": {
    by: ["portal.one-per-gateway", "portal.life"],
    make: failure(409, named("ValidationException", 400))
  },
  "A quota is exceeded with the status 400": {
    by: ["provider.quota"],
    make: failure(402, named("ServiceQuotaExceededException", 400))
  },
  "A second resource of a name has another message": {
    by: ["workload.duplicate", "provider.duplicate"],
    make: failure(400, worded((message) => message.replace("already exists", "is taken")))
  },
  "A ValidationException has no reason": {
    by: ["protocol.reason"],
    make: failure(400, (given) => ({ ...given, body: JSON.stringify(without(parse(given.body), "reason")) }))
  },
  "A wrong value of an enumeration is reported without the values": {
    by: ["protocol.enum-message"],
    make: failure(400, worded((message) => message.replace(/enum value set: \[.*\]/, "enum value set")))
  },
  "Too many tags have another message": {
    by: ["tags.too-many"],
    make: failure(400, worded((message) => message.replace("length less than", "size less than")))
  },
  "The error of an authorization server is passed on": {
    by: ["m2m.rejected", "obo.rejected"],
    make: failure(400, worded(() => "invalid_scope: the description of the server"), /^GetResourceOauth2Token$/)
  },
  "Return URLs are rejected with other messages": {
    by: ["user.no-registered-url", "user.no-url"],
    make: failure(400, worded((message) => message.replaceAll("ResourceOauth2ReturnUrl", "return URL")))
  },
  "A workload identity of a service is rejected as any other one": {
    by: ["workload-token.service-linked"],
    make: failure(400, worded(() => "Workload Identity does not belong to caller account"), /^GetWorkloadAccessToken/)
  },
  // Members
  "A creation has the status 200": {
    by: ["workload.crud", "vendor.GoogleOauth2", "provider.external-at-use"],
    make: response(/^Create/, (given) => given.status === 201 ? { ...given, status: 200 } : given)
  },
  "Times are milliseconds": {
    by: ["protocol.timestamps"],
    make: success(/./, (json) => ({ ...json, createdTime: Number(json["createdTime"]) * 1_000 }))
  },
  "A provider has no callback URL": {
    by: ["provider.callback-url"],
    make: success(oauth2Provider, (json) => without(json, "callbackUrl"))
  },
  "A provider has no ARN of its secret": {
    by: ["provider.required-outputs", "provider.arns"],
    make: success(oauth2Provider, (json) => without(json, "clientSecretArn"))
  },
  "A payment provider has no ARN of its wallet's secret": {
    by: ["payment.required-outputs"],
    make: success(/^CreatePayment/, everywhere(/"walletSecretArn":/, "\"otherArn\":"))
  },
  "The secret of a provider is returned": {
    by: ["vendor.GithubOauth2", "vendor.CustomOauth2"],
    make: success(/^GetOauth2CredentialProvider$/, (json) => ({ ...json, clientSecret: "secret" }))
  },
  "Every provider is a custom one": {
    by: ["vendor.XOauth2", "provider.lists"],
    make: success(
      /Oauth2CredentialProviders?$/,
      everywhere(/"credentialProviderVendor":"\w+"/g, "\"credentialProviderVendor\":\"CustomOauth2\"")
    )
  },
  "The tenant of Microsoft is returned": {
    by: ["provider.tenant"],
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
  "ARNs of workload identities have another form": {
    by: ["workload.arn", "tags.vault-and-directory"],
    make: success(/./, everywhere(/:workload-identity-directory\//g, ":workload-directory/"))
  },
  "Resources belong to another account than the caller": {
    by: ["sts.caller"],
    make: success(/^Create/, everywhere(/:\d{12}:/g, ":210987654321:"))
  },
  "A response has the default of the client's authentication": {
    by: ["provider.auth-method-output"],
    make: success(
      /^GetOauth2/,
      everywhere(/"clientId":/g, "\"clientAuthenticationMethod\":\"CLIENT_SECRET_BASIC\",\"clientId\":")
    )
  },
  "The messages for unknown providers have one form": {
    by: [
      "provider.not-found.api-key",
      "provider.not-found.oauth2",
      "provider.not-found.payment",
      "provider.not-found.others"
    ],
    make: failure(404, worded(() => "Provider with name 'x' not found"))
  },
  "The names of secrets have no eight hexadecimal digits": {
    by: ["provider.secret-arns", "payment.secret-arns"],
    make: success(/CredentialProvider$/, everywhere(/-[0-9a-f]{8}(?=[-/][a-zA-Z0-9-]{6,}")/g, ""))
  },
  "Reserved names in customParameters are dropped": {
    by: ["obo.reserved", "parameters.reserved"],
    make: request(/^GetResourceOauth2Token$/, (json) => without(json, "customParameters"))
  },
  "The words of STS are those of a service with JSON": {
    by: ["sts.violations", "sts.tag-keys", "sts.algorithms", "sts.size"],
    make: response(/^STS$/, (given) => ({ ...given, body: given.body.replace(/<Message>[^<]*/, "<Message>other") }))
  },
  "The messages about authorization servers are one message": {
    by: [
      "obo.required",
      "obo.without-token",
      "m2m.unresolved",
      "provider.https",
      "provider.https-at-use",
      "payment.keys"
    ],
    make: failure(400, worded(() => "The authorization server cannot be used"))
  },
  "A payment provider is returned with its tags": {
    by: ["payment.tags"],
    make: success(/^GetPaymentCredentialProvider$/, (json) => ({ ...json, tags: {} }))
  },
  "Every update changes lastUpdatedTime": {
    by: ["provider.update-time", "provider.update-time-read"],
    make: success(/^UpdateApiKeyCredentialProvider$/, (json) => ({ ...json, lastUpdatedTime: 4_000_000_000 }))
  },
  "A discovery URL is read when the provider is created": {
    by: ["provider.discovery-url"],
    make: tooStrict(/^CreateOauth2/, (json) => JSON.stringify(json).includes("https://127.0.0.1/.well-known"))
  },
  "The key of another provider is returned": {
    by: ["api-key.get", "provider.external"],
    make: success(/^GetResourceApiKey$/, () => ({ apiKey: "key-of-another" }))
  },
  "The token vault has another id": {
    by: ["token-vault.get"],
    make: success(/^GetTokenVault$/, (json) => ({ ...json, tokenVaultId: "main" }))
  },
  "A workload access token is longer than the other operations accept": {
    by: ["workload-token.opaque"],
    make: success(/^GetWorkloadAccessToken/, () => ({ workloadAccessToken: "a".repeat(131_073) }))
  },
  // Lists
  "A page may have any number of items": {
    by: ["workload.list", "provider.lists"],
    make: request(/^List/, (json) => ({ ...json, maxResults: Math.min(Number(json["maxResults"] ?? 20), 20) }))
  },
  // Stored values
  "Tags are not stored": {
    by: ["tags.resources", "tags.vault-and-directory"],
    make: service(async (call, forward) =>
      is(call, /^Tags$/) && call.method === "POST" ? { ...ok({}), status: 204 } : forward(call)
    )
  },
  "The key of the token vault stays the service's": {
    by: ["token-vault.key"],
    make: request(/^SetTokenVaultCMK$/, (json) => ({ ...json, kmsConfiguration: { keyType: "ServiceManagedKey" } }))
  },
  "An update without a secret keeps the old one": {
    by: ["provider.update-replaces", "provider.source-switch"],
    make: request(/^UpdateOauth2/, (json) => ({
      ...json,
      oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: "other", clientSecret: "secret" } }
    }))
  },
  // Checks
  "Requests are not checked": {
    by: [
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
  "URLs of more than 2,048 characters are rejected": {
    by: ["limit.endpoints"],
    make: tooStrict(oauth2Provider, (json) => /https:[^"]{2048}/.test(JSON.stringify(json)))
  },
  "A name of 256 characters is accepted": {
    by: ["limit.workload-name"],
    make: request(/^CreateWorkloadIdentity$/, (json) => ({ ...json, name: String(json["name"]).slice(0, 255) }))
  },
  "A user's id of 128 characters is rejected": {
    by: ["limit.user-id"],
    make: tooStrict(/ForUserId$/, ({ userId }) => String(userId).length > 127)
  },
  "A JSON key of 65 characters is rejected": {
    by: ["limit.json-key"],
    make: tooStrict(/^CreateApiKey/, (json) => /"jsonKey":"\w{65}/.test(JSON.stringify(json)))
  },
  "Tags may have any character": {
    by: ["limit.tags"],
    make: request(/^CreateWorkloadIdentity$/, (json) => JSON.parse(JSON.stringify(json).replaceAll("!", "")))
  },
  "More than 50 tags cannot be removed at once": {
    by: ["tags.many-keys"],
    make: service(async (call, forward) =>
      call.method === "DELETE" && call.path.split("tagKeys=").length > 51 ? rejection("too many") : forward(call)
    )
  },
  "More than 100 scopes are rejected": {
    by: ["limit.scopes"],
    make: tooStrict(/^GetResourceOauth2Token$/, ({ scopes }) => Array.isArray(scopes) && scopes.length > 100)
  },
  "Any string is accepted as a JWT": {
    by: ["limit.user-token"],
    make: service(async (call, forward) =>
      is(call, /ForJWT$/) && !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(String(parse(call.body)["userToken"]))
        ? ok({ workloadAccessToken: "token" })
        : forward(call)
    )
  },
  "A discovery URL may have any form": {
    by: ["limit.discovery-url", "protocol.one-field"],
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
  "A member that the operation does not have is rejected": {
    by: ["protocol.unknown-member"],
    make: tooStrict(/./, (json) => "tomorrow" in json)
  },
  "A member that is null is rejected": {
    by: ["protocol.null-member"],
    make: tooStrict(/./, (json) => Object.values(json).includes(null))
  },
  "Of two members of a union, the first counts": {
    by: ["provider.unions"],
    make: request(oauth2Provider, (json) => {
      const input = json["oauth2ProviderConfigInput"]
      return isObject(input)
        ? { ...json, oauth2ProviderConfigInput: Object.fromEntries(Object.entries(input).slice(0, 1)) }
        : json
    })
  },
  "The configuration of another vendor is accepted": {
    by: ["vendor.wrong-member"],
    make: request(oauth2Provider, (json) =>
      json["credentialProviderVendor"] === "GithubOauth2"
        ? JSON.parse(JSON.stringify(json).replace("googleOauth2ProviderConfig", "githubOauth2ProviderConfig"))
        : json)
  },
  "A vendor whose endpoints differ may have none": {
    by: ["vendor.needs-endpoints"],
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
  "Two settings of the client's authentication are accepted": {
    by: ["provider.auth-methods"],
    make: request(
      oauth2Provider,
      customConfig((config) =>
        JSON.stringify(config).includes("tokenEndpointAuthMethods")
          ? without(config, "clientAuthenticationMethod")
          : config
      )
    )
  },
  "Reserved claims are accepted": {
    by: ["private-key-jwt.reserved.jti", "private-key-jwt.reserved.alg", "private-key-jwt.claims"],
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
  "A client may have a key and a secret": {
    by: ["private-key-jwt.secret"],
    make: request(
      oauth2Provider,
      customConfig((config) =>
        config["clientAuthenticationMethod"] === "PRIVATE_KEY_JWT" ? without(config, "clientSecret") : config
      )
    )
  },
  // Workload access tokens
  "A JWT that has expired is accepted": {
    by: ["workload-token.jwt-checked"],
    make: service(async (call, forward) => {
      const token = is(call, /ForJWT$/) ? String(parse(call.body)["userToken"]) : undefined
      const isExpired = token !== undefined && Number(decodeJwt(token).exp) * 1_000 < Date.now()
      return forward(isExpired ? asUserId(call) : call)
    })
  },
  "The signature of a JWT is not checked": {
    by: ["workload-token.jwt-checked"],
    make: service(async (call, forward) => {
      const given = await forward(call)
      return given.status === 401 && is(call, /ForJWT$/)
          && Number(decodeJwt(String(parse(call.body)["userToken"])).exp) * 1_000 > Date.now()
        ? forward(asUserId(call))
        : given
    })
  },
  "A workload access token outlives its JWT": {
    by: ["workload-token.jwt-end"],
    make: cache(
      /^GetResourceApiKey$/,
      (json) => JSON.stringify(json),
      ({ status }) => status === 200
    )
  },
  "The token of one user is returned to another": {
    by: ["vault.hit"],
    make: request(/ForUserId$/, (json) => ({ ...json, userId: "alice" }))
  },
  // Grants
  "A grant belongs to its provider, and is shared by all users": {
    by: ["vault.hit", "vault.namespaces", "vault.jwt-user"],
    make: cache(
      /^GetResourceOauth2Token$/,
      (json) => isUser(json) ? String(json["resourceCredentialProviderName"]) : undefined,
      isIssued
    )
  },
  "A grant is used for requests of any shape": {
    by: [
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
  "Custom state is part of the shape of a grant": {
    by: ["vault.shape.custom-state"],
    make: userRequest((json) => "customState" in json ? { ...json, audiences: [json["customState"]] } : json)
  },
  "forceAuthentication has no effect": {
    by: ["vault.force"],
    make: userRequest((json) => without(json, "forceAuthentication"))
  },
  "A user is prompted each time": {
    by: ["vault.hit", "vault.jwt-user", "vault.shape.order", "user.url-with-grant"],
    make: userRequest((json) => "sessionUri" in json ? json : { ...json, forceAuthentication: true })
  },
  "A refresh is sent as another grant": {
    by: ["vault.refresh"],
    make: parameters((given) => {
      if (given.get("grant_type") === "refresh_token") given.set("grant_type", "authorization_code")
    })
  },
  "The tokens of machines are stored": {
    by: ["m2m.not-stored"],
    make: cache(
      /^GetResourceOauth2Token$/,
      (json) => json["oauth2Flow"] === "M2M" ? JSON.stringify(json) : undefined,
      isIssued
    )
  },
  "A workload gets a page for users": {
    by: ["m2m.token"],
    make: success(
      /^GetResourceOauth2Token$/,
      (json, { oauth2Flow }) => oauth2Flow === "M2M" ? { ...json, authorizationUrl: "https://example.com/" } : json
    )
  },
  // Sessions
  "Any user completes the session": {
    by: ["binding.other-user"],
    make: request(/^CompleteResourceTokenAuth$/, (json) => ({ ...json, userIdentifier: { userId: "alice" } }))
  },
  "Any JWT of the user completes the session": {
    by: ["binding.same-jwt"],
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
  "A rejected completion ends the session": {
    by: ["binding.other-user-first", "binding.too-early"],
    make: () => {
      const ended = new Map<unknown, ServiceResponse>()
      return {
        service: async (call, forward) => {
          if (!is(call, /^CompleteResourceTokenAuth$/)) return forward(call)
          const { sessionUri } = parse(call.body)
          const given = ended.get(sessionUri) ?? await forward(call)
          if (given.status === 403) ended.set(sessionUri, given)
          return given
        }
      }
    }
  },
  "A session can be completed again": {
    by: ["binding.twice"],
    make: () => {
      const completed = new Map<unknown, ServiceResponse>()
      return {
        service: async (call, forward) => {
          if (!is(call, /^CompleteResourceTokenAuth$/)) return forward(call)
          const { sessionUri } = parse(call.body)
          const given = completed.get(sessionUri) ?? await forward(call)
          if (given.status < 300) completed.set(sessionUri, given)
          return given
        }
      }
    }
  },
  "Custom state is not sent back": {
    by: ["user.return-state"],
    make: userRequest((json) => without(json, "customState"))
  },
  "The completion of a session has no effect": {
    by: ["user.consent", "user.code-exchange"],
    make: service(async (call, forward) => is(call, /^CompleteResourceTokenAuth$/) ? ok({}) : forward(call))
  },
  "A failed session is in progress": {
    by: ["user.denied", "user.expired"],
    make: success(/^GetResourceOauth2Token$/, everywhere(/"FAILED"/, "\"IN_PROGRESS\""))
  },
  "A session fails as long as the user has not consented": {
    by: ["user.poll"],
    make: success(
      /^GetResourceOauth2Token$/,
      (json, { sessionUri }) =>
        sessionUri === undefined || "accessToken" in json ? json : { ...json, sessionStatus: "FAILED" }
    )
  },
  "The first response has no status": {
    by: ["user.first-response"],
    make: success(/^GetResourceOauth2Token$/, (json) => without(json, "sessionStatus"))
  },
  // Requests to authorization servers
  "There is no PKCE": {
    by: ["user.pkce"],
    make: () => ({
      ...authorization((query) => {
        query.delete("code_challenge")
        query.delete("code_challenge_method")
      })(),
      ...parameters((given) => given.delete("code_verifier"))()
    })
  },
  "The token request has no code verifier": {
    by: ["user.pkce"],
    make: parameters((given) => given.delete("code_verifier"))
  },
  "Custom parameters replace those of the specification": {
    by: ["user.authorization-parameters"],
    make: authorization((query) => {
      if (query.has("access_type")) query.set("scope", "all")
    })
  },
  "The authorization request has another redirect URI than the provider": {
    by: ["user.callback-url"],
    make: authorization((query) =>
      query.set("redirect_uri", String(query.get("redirect_uri")).replace(/[0-9a-f-]{36}$/, "callback"))
    )
  },
  "Resources are one parameter": {
    by: ["m2m.parameters"],
    make: parameters((given) => {
      if (given.has("resource")) given.set("resource", given.getAll("resource").join(" "))
    })
  },
  "The client's secret is always in the body": {
    by: ["m2m.client-authentication"],
    make: () => ({ token: async (given) => ({ ...given, basic: false }) })
  },
  "The type of the subject token cannot be overridden": {
    by: ["obo.override"],
    make: parameters((given) => {
      if (given.has("subject_token")) given.set("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")
    })
  },
  "A token exchange always has an actor": {
    by: ["obo.token-exchange", "obo.actor-m2m"],
    make: parameters((given) => given.set("actor_token", "actor"))
  },
  "A JWT authorization grant has another assertion": {
    by: ["obo.jwt-grant", "obo.microsoft"],
    make: parameters((given) => {
      if (given.has("assertion")) given.set("assertion", "other")
    })
  },
  // JWTs
  "A private-key JWT is for the issuer": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, aud: String(claims["aud"]).replace(/\/token$/, "") })))
  },
  "A private-key JWT has no jti": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => without(claims, "jti")))
  },
  "All private-key JWTs have the same jti": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, jti: "one" })))
  },
  "A private-key JWT lives for a day": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, exp: Number(claims["iat"]) + 86_400 })))
  },
  "A private-key JWT has expired": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, resign((claims) => ({ ...claims, iat: 1, nbf: 1, exp: 60 })))
  },
  "A private-key JWT is signed with another key": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, async (token) =>
      new SignJWT(decodeJwt(token))
        .setProtectedHeader({ ...decodeProtectedHeader(token), alg: "ES256" })
        .sign((await generateKeyPair("ES256")).privateKey))
  },
  "A private-key JWT has the algorithm none": {
    by: ["private-key-jwt.assertion"],
    make: jwts(assertion, async (token) => new UnsecuredJWT(decodeJwt(token)).encode())
  },
  "JWTs of AWS have another signature": {
    by: ["obo.actor-aws", "aws-jwt.client"],
    make: jwts(awsTokens, async (token) => breakSignature(token))
  },
  "STS signs its JWTs wrongly": {
    by: ["sts.web-identity"],
    make: response(/^STS$/, (given) => ({
      ...given,
      body: given.body.replace(
        /(<WebIdentityToken>)([^<]+)/,
        (_, tag: string, token: string) => `${tag}${breakSignature(token)}`
      )
    }))
  },
  "A payment token of Coinbase is for another path": {
    by: ["payment.coinbase"],
    make: request(
      /^GetResourcePaymentToken$/,
      (json) => JSON.parse(JSON.stringify(json).replace("/accounts", "/other"))
    )
  },
  "A payment token of Privy is the secret alone": {
    by: ["payment.stripe"],
    make: success(
      /^GetResourcePaymentToken$/,
      everywhere(/"basicAuthToken":"[^"]+"/, `"basicAuthToken":"${Buffer.from("app-secret").toString("base64")}"`)
    )
  },
  // Consent portals
  "The scopes of a consent portal need no openid": {
    by: ["portal.idp"],
    make: request(
      /ConsentPortal$/,
      (json) => JSON.parse(JSON.stringify(json).replace("\"scopes\":[\"email\"]", "\"scopes\":[\"openid\"]"))
    )
  },
  "The role of a consent portal may be any string": {
    by: ["portal.role"],
    make: request(
      /^CreateConsentPortal$/,
      (json) => ({ ...json, executionRoleArn: "arn:aws:iam::123456789012:role/consent-portal" })
    )
  }
}
