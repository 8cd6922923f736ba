/** Workload identities, and the tokens that name a caller. */
import { decodeJwt, decodeProtectedHeader } from "jose"
import { generateKeyPairSync } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { developerGuide, github, guide, is, model, present, refuses, statement } from "../statement.js"
import { createGithub, createWorkload, returnUrl, tokenOf, tokenOfJwt } from "./resources.js"

const workloadTokens = guide("get-workload-access-token")

const samples = "awslabs/amazon-bedrock-agentcore-samples"

const doesNotBelong = {
  status: 403,
  name: "AccessDeniedException",
  message: "Workload Identity does not belong to caller account"
} as const

const unauthorized = { status: 401, name: "UnauthorizedException" } as const

const withoutChange = (token: string, index: number): string => {
  const other = token[index] === "A" ? "B" : "A"
  return `${token.slice(0, index)}${other}${token.slice(index + 1)}`
}

export const workloads = [
  statement({
    id: "workload.crud",
    statement:
      "A workload identity is created with 201, read with its URLs and times, replaced by an update, and deleted with 204",
    source: model,
    run: async ({ control, lastExchange, name }) => {
      const workload = name()
      const created = await control.createWorkloadIdentity({
        name: workload,
        allowedResourceOauth2ReturnUrls: ["https://a.example.com/", "https://b.example.com/"]
      })
      is("status", lastExchange().status, 201)
      is("name", created.name, workload)
      const read = await control.getWorkloadIdentity({ name: workload })
      is("URLs", read.allowedResourceOauth2ReturnUrls, ["https://a.example.com/", "https://b.example.com/"])
      is("createdTime", read.createdTime instanceof Date, true)
      await control.updateWorkloadIdentity({ name: workload, allowedResourceOauth2ReturnUrls: [returnUrl] })
      is("status", lastExchange().status, 200)
      is("URLs", (await control.getWorkloadIdentity({ name: workload })).allowedResourceOauth2ReturnUrls, [returnUrl])
      await control.deleteWorkloadIdentity({ name: workload })
      is("status", lastExchange().status, 204)
      await refuses(control.getWorkloadIdentity({ name: workload }), { status: 404, name: "ResourceNotFoundException" })
    }
  }),
  statement({
    id: "workload.arn",
    statement: "The ARN of a workload identity ends with workload-identity-directory/default/workload-identity/NAME",
    source: `${github(samples)}, output of CreateWorkloadIdentity`,
    run: async ({ control, name }) => {
      const workload = name()
      const { workloadIdentityArn } = await control.createWorkloadIdentity({ name: workload })
      is(
        "ARN",
        workloadIdentityArn,
        new RegExp(
          `^arn:aws[a-z-]*:bedrock-agentcore:[a-z0-9-]+:\\d{12}:workload-identity-directory/default/workload-identity/${workload}$`
        )
      )
    }
  }),
  statement({
    id: "workload.duplicate",
    statement:
      "A second workload identity of a name is a ValidationException: WorkloadIdentity with name 'X' already exists",
    source: `${github(samples)}, reports of the live service`,
    run: async (world) => {
      const name = await createWorkload(world)
      await refuses(world.control.createWorkloadIdentity({ name }), {
        status: 400,
        name: "ValidationException",
        message: `WorkloadIdentity with name '${name}' already exists`
      })
    }
  }),
  statement({
    id: "workload.list",
    statement: "A list has pages of at most 20, and nextToken leads to every workload identity",
    source: model,
    run: async (world) => {
      const created = [await createWorkload(world), await createWorkload(world), await createWorkload(world)]
      await refuses(world.control.listWorkloadIdentities({ maxResults: 21 }), {
        status: 400,
        name: "ValidationException"
      })
      const { nextToken, workloadIdentities = [] } = await world.control.listWorkloadIdentities({ maxResults: 1 })
      is("items of the first page", workloadIdentities.length, 1)
      present("nextToken", nextToken)
      const names = new Set<string>()
      for await (const page of world.control.paginateListWorkloadIdentities({ maxResults: 20 })) {
        for (const { name } of page.workloadIdentities ?? []) names.add(name ?? "")
      }
      is("names that are missing", created.filter((name) => !names.has(name)), [])
    }
  }),
  statement({
    id: "workload-token.unknown",
    statement:
      "A workload access token of an unknown workload identity is AccessDenied: it does not belong to the account",
    source: `${
      github("awslabs/agentcore-samples")
    } 08-okta-xaa-delegation-chain, README and deploy/04_create_obo_provider.py`,
    run: async ({ data, name }) => {
      const workloadName = name()
      await refuses(data.getWorkloadAccessToken({ workloadName }), doesNotBelong)
      await refuses(data.getWorkloadAccessTokenForUserId({ workloadName, userId: "alice" }), doesNotBelong)
    }
  }),
  statement({
    id: "workload-token.unknown-jwt",
    statement: "The same holds with the JWT of a user",
    source: `${
      github("awslabs/agentcore-samples")
    } 08-okta-xaa-delegation-chain, README and deploy/04_create_obo_provider.py`,
    needs: ["userToken"],
    run: async ({ data, name }, { userToken }) => {
      await refuses(
        data.getWorkloadAccessTokenForJWT({ workloadName: name(), userToken: await userToken({ sub: "alice" }) }),
        doesNotBelong
      )
    }
  }),
  statement({
    id: "workload-token.service-linked",
    statement: "A workload identity of a service gives no token: WorkloadIdentity is linked to a service",
    source: `${workloadTokens}: identities of Runtime cannot retrieve their tokens`,
    needs: ["account"],
    run: async ({ data }, { account: { serviceLinked: workloadName } }) => {
      const linked = {
        status: 400,
        name: "ValidationException",
        message: "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller"
      }
      await refuses(data.getWorkloadAccessToken({ workloadName }), linked)
      await refuses(data.getWorkloadAccessTokenForUserId({ workloadName, userId: "alice" }), linked)
    }
  }),
  statement({
    id: "workload-token.garbage",
    statement: "A workload access token that AgentCore did not make is Unauthorized",
    source: `${workloadTokens}: tokens are signed by AWS`,
    run: async (world) => {
      const provider = await createGithub(world)
      const ask = (workloadIdentityToken: string) =>
        world.data.getResourceOauth2Token({
          workloadIdentityToken,
          resourceCredentialProviderName: provider,
          scopes: [],
          oauth2Flow: "M2M"
        })
      await refuses(ask("garbage"), unauthorized)
      const token = await tokenOf(world, await createWorkload(world))
      await refuses(ask(withoutChange(token, Math.floor(token.length / 2))), unauthorized)
    }
  }),
  statement({
    id: "workload-token.jwt-end",
    statement: "A workload access token that was made of a JWT ends with the JWT",
    source: `${github("awslabs/agentcore-samples")} 13-async-wat-refresh/README.md: same exp`,
    needs: ["userToken"],
    run: async (world, { userToken }) => {
      const name = world.name()
      await world.control.createApiKeyCredentialProvider({ name, apiKey: "key" })
      const token = await tokenOfJwt(
        world,
        await createWorkload(world),
        await userToken({ sub: "alice" }, { lifetime: 2 })
      )
      const ask = () =>
        world.data.getResourceApiKey({ workloadIdentityToken: token, resourceCredentialProviderName: name })
      is("key before the end", (await ask()).apiKey, "key")
      // Two seconds, and one for the rounding of clocks.
      const deadline = performance.now() + 4_000
      while (performance.now() < deadline) {
        const ended = await ask().then(() => false, ({ name }: Error) => name === "UnauthorizedException")
        if (ended) return
        await setTimeout(100)
      }
      await refuses(ask(), unauthorized)
    }
  }),
  statement({
    id: "workload-token.jwt-checked",
    statement: "A JWT is refused if it has expired, or is signed with another key than its issuer's",
    source: `${workloadTokens}: the JWT is validated`,
    needs: ["userToken"],
    run: async (world, { userToken }) => {
      const workloadName = await createWorkload(world)
      for (const wrong of [{ lifetime: -60 }, { forged: true }]) {
        await refuses(
          world.data.getWorkloadAccessTokenForJWT({ workloadName, userToken: await userToken({ sub: "alice" }, wrong) })
        )
      }
    }
  }),
  statement({
    id: "workload-token.opaque",
    statement: "A workload access token is one opaque text of at most 131,072 characters",
    source: `${workloadTokens}; ${model}`,
    run: async (world) => {
      const token = await tokenOf(world, await createWorkload(world), "alice")
      is("length", token.length > 0 && token.length <= 131_072, true)
    }
  }),
  statement({
    id: "api-key.get",
    statement: "An API key is returned to a workload, alone and for a user, and an unknown provider is not found",
    source: `${guide("obtain-api-key")}; ${developerGuide}`,
    run: async (world) => {
      const workload = await createWorkload(world)
      const name = world.name()
      await world.control.createApiKeyCredentialProvider({ name, apiKey: "key-of-the-weather" })
      for (const user of [undefined, "alice"]) {
        const workloadIdentityToken = await tokenOf(world, workload, user)
        const { apiKey } = await world.data.getResourceApiKey({
          workloadIdentityToken,
          resourceCredentialProviderName: name
        })
        is("key", apiKey, "key-of-the-weather")
        await refuses(
          world.data.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: world.name() }),
          { status: 404, name: "ResourceNotFoundException" }
        )
      }
    }
  }),
  statement({
    id: "payment.coinbase",
    statement: "A payment token of Coinbase is a JWT for one method, host and path, signed for the id of the key",
    source: `${model}; documentation of Coinbase CDP, JWT authentication`,
    run: async (world) => {
      const name = world.name()
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      await world.control.createPaymentCredentialProvider({
        name,
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: {
          coinbaseCdpConfiguration: {
            apiKeyId: "key-1",
            apiKeySecret: privateKey.export({ type: "sec1", format: "pem" }).toString()
          }
        }
      })
      const { paymentTokenResponse } = await world.data.getResourcePaymentToken({
        workloadIdentityToken: await tokenOf(world, await createWorkload(world)),
        resourceCredentialProviderName: name,
        paymentTokenRequest: {
          coinbaseCdpTokenRequest: {
            requestMethod: "POST",
            requestHost: "api.cdp.coinbase.com",
            requestPath: "/platform/v2/evm/accounts"
          }
        }
      })
      const token = present("bearerToken", paymentTokenResponse?.coinbaseCdpTokenResponse?.bearerToken)
      is("sub", decodeJwt(token).sub, "key-1")
      is("kid", decodeProtectedHeader(token).kid, "key-1")
      is("uris", decodeJwt(token)["uris"], ["POST api.cdp.coinbase.com/platform/v2/evm/accounts"])
    }
  }),
  statement({
    id: "payment.stripe",
    statement: "A payment token of Stripe's Privy is the app's id and secret, for HTTP Basic authentication",
    source: `${model}; documentation of Privy, REST API`,
    run: async (world) => {
      const name = world.name()
      await world.control.createPaymentCredentialProvider({
        name,
        credentialProviderVendor: "StripePrivy",
        providerConfigurationInput: {
          stripePrivyConfiguration: { appId: "app-1", appSecret: "app-secret", authorizationId: "authorization-1" }
        }
      })
      const { paymentTokenResponse } = await world.data.getResourcePaymentToken({
        workloadIdentityToken: await tokenOf(world, await createWorkload(world)),
        resourceCredentialProviderName: name,
        paymentTokenRequest: { stripePrivyTokenRequest: { requestPath: "/v1/wallets/w/rpc", requestBody: "{}" } }
      })
      const answer = present("stripePrivyTokenResponse", paymentTokenResponse?.stripePrivyTokenResponse)
      is("appId", answer.appId, "app-1")
      is("basicAuthToken", Buffer.from(answer.basicAuthToken ?? "", "base64").toString("utf8"), "app-1:app-secret")
    }
  })
]
