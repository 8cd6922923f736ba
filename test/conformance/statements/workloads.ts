/** Workload identities, and the tokens that identify a caller. */
import { generateKeyPairSync } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import {
  cite,
  codingAgents,
  combine,
  exceptions,
  github,
  guess,
  guide,
  is,
  model,
  present,
  recorded,
  reference,
  rejects,
  sample,
  statement
} from "../statement.js"
import { createGithub, createWorkload, returnUrl, tokenOf, tokenOfJwt, verifyJwt } from "./resources.js"

const workloadTokens = guide("get-workload-access-token")

const unknownWorkload = recorded(
  sample("08-okta-xaa-delegation-chain/deploy/04_create_obo_provider.py"),
  "AccessDeniedException ... GetWorkloadAccessTokenForJWT ... Workload Identity does not belong to caller account which reads like an IAM or cross-account problem rather than a missing resource."
)

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
    id: "workload.return-urls",
    statement: "A workload identity takes at most five return URLs",
    source: guess(
      "the exception, which the report does not name",
      recorded(
        github("aws/agentcore-cli/blob/main/docs/superpowers/specs/2026-07-14-identity-cli-design.md"),
        "Workload identity return-URL create/update/clear/delete and service rejection of six URLs."
      )
    ),
    run: async ({ control, name }) => {
      const urls = Array.from({ length: 6 }, (_, index) => `https://${index}.example.com/`)
      const workload = name()
      await rejects(control.createWorkloadIdentity({ name: workload, allowedResourceOauth2ReturnUrls: urls }), {
        status: 400,
        name: "ValidationException"
      })
      await control.createWorkloadIdentity({ name: workload, allowedResourceOauth2ReturnUrls: urls.slice(1) })
      await rejects(control.updateWorkloadIdentity({ name: workload, allowedResourceOauth2ReturnUrls: urls }), {
        status: 400,
        name: "ValidationException"
      })
    }
  }),
  statement({
    id: "workload.crud",
    statement:
      "A workload identity is created with 201, read with its URLs and times, replaced by an update, and deleted with 204",
    source: cite(
      model,
      "CreateWorkloadIdentity: POST /identities/CreateWorkloadIdentity 201",
      "GetWorkloadIdentity: POST /identities/GetWorkloadIdentity 200",
      "UpdateWorkloadIdentity: POST /identities/UpdateWorkloadIdentity 200",
      "DeleteWorkloadIdentity: POST /identities/DeleteWorkloadIdentity 204"
    ),
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
      await rejects(control.getWorkloadIdentity({ name: workload }), { status: 404, name: "ResourceNotFoundException" })
    }
  }),
  statement({
    id: "workload.arn",
    statement: "The ARN of a workload identity ends with workload-identity-directory/default/workload-identity/NAME",
    source: cite(
      guide("identity-tagging"),
      "arn:aws:bedrock-agentcore:${Region}:${Account}:workload-identity-directory/default/workload-identity/${workload identity name}"
    ),
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
    source: recorded(
      codingAgents("cdk/src/handlers/linear-identity-provisioning/index.ts"),
      "AgentCore reports a duplicate name as a ValidationException (\"WorkloadIdentity with name '<name>' already exists.\"), NOT the ConflictException the name suggests — verified against the live service."
    ),
    run: async (world) => {
      const name = await createWorkload(world)
      await rejects(world.control.createWorkloadIdentity({ name }), {
        status: 400,
        name: "ValidationException",
        message: `WorkloadIdentity with name '${name}' already exists`
      })
    }
  }),
  statement({
    id: "workload.list",
    statement: "A list has pages of at most 20, and nextToken leads to every workload identity",
    source: cite(
      model,
      "ListWorkloadIdentities.maxResults: min 1, max 20",
      "ListWorkloadIdentities: POST /identities/ListWorkloadIdentities 200"
    ),
    run: async (world) => {
      const created = [await createWorkload(world), await createWorkload(world), await createWorkload(world)]
      await rejects(world.control.listWorkloadIdentities({ maxResults: 21 }), {
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
    source: guess("that a token without a JWT is rejected in the same way: the report is about a JWT", unknownWorkload),
    run: async ({ data, name }) => {
      const workloadName = name()
      await rejects(data.getWorkloadAccessToken({ workloadName }), doesNotBelong)
      await rejects(data.getWorkloadAccessTokenForUserId({ workloadName, userId: "alice" }), doesNotBelong)
    }
  }),
  statement({
    id: "workload-token.unknown-jwt",
    statement: "The same holds with the JWT of a user",
    source: unknownWorkload,
    needs: ["userToken"],
    run: async ({ data, name }, { userToken }) => {
      await rejects(
        data.getWorkloadAccessTokenForJWT({ workloadName: name(), userToken: await userToken({ sub: "alice" }) }),
        doesNotBelong
      )
    }
  }),
  statement({
    id: "workload-token.service-linked",
    statement: "A workload identity of a service gets no token: WorkloadIdentity is linked to a service",
    source: guess(
      "the exception and its status; callers inside of a runtime report AccessDeniedException, \"Workload Identity does not belong to caller account\"",
      cite(
        workloadTokens,
        "If you encounter the error \"WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller,\" this indicates the workload identity is managed by Runtime or Gateway and cannot retrieve tokens directly."
      )
    ),
    needs: ["account"],
    run: async ({ data }, { account: { serviceLinked: workloadName } }) => {
      const linked = {
        status: 400,
        name: "ValidationException",
        message: "WorkloadIdentity is linked to a service and cannot retrieve an access token by the caller"
      }
      await rejects(data.getWorkloadAccessToken({ workloadName }), linked)
      await rejects(data.getWorkloadAccessTokenForUserId({ workloadName, userId: "alice" }), linked)
    }
  }),
  statement({
    id: "workload-token.garbage",
    statement: "A workload access token that AgentCore did not issue is Unauthorized",
    source: guess(
      "the exception: the model describes it so, and no report names it",
      cite(workloadTokens, "A workload access token is an AWS-signed opaque access token"),
      exceptions.unauthorized
    ),
    run: async (world) => {
      const provider = await createGithub(world)
      const ask = (workloadIdentityToken: string) =>
        world.data.getResourceOauth2Token({
          workloadIdentityToken,
          resourceCredentialProviderName: provider,
          scopes: [],
          oauth2Flow: "M2M"
        })
      await rejects(ask("garbage"), unauthorized)
      const token = await tokenOf(world, await createWorkload(world))
      await rejects(ask(withoutChange(token, Math.floor(token.length / 2))), unauthorized)
    }
  }),
  statement({
    id: "workload-token.jwt-end",
    statement: "A workload access token of a JWT expires with the JWT",
    source: guess(
      "the exception: the model describes it so, and no report names it",
      cite(
        github("awslabs/amazon-bedrock-agentcore-samples") + " 13-async-wat-refresh/README.md",
        "the Workload Access Token (WAT) — created from the inbound JWT — expires after the JWT's TTL"
      ),
      exceptions.unauthorized
    ),
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
      // A lifetime of two seconds, and one second for rounding.
      const deadline = performance.now() + 4_000
      while (performance.now() < deadline) {
        const ended = await ask().then(() => false, ({ name }: Error) => name === "UnauthorizedException")
        if (ended) return
        await setTimeout(100)
      }
      await rejects(ask(), unauthorized)
    }
  }),
  statement({
    id: "workload-token.jwt-checked",
    statement: "A JWT is rejected if it has expired, or is signed with another key than its issuer's",
    source: guess(
      "the exception: the model describes it so, and no report names it",
      cite(
        workloadTokens,
        "When you provide a JWT, AgentCore Identity validates the token to ensure it is correctly signed and unexpired"
      ),
      exceptions.unauthorized
    ),
    needs: ["userToken"],
    run: async (world, { userToken }) => {
      const workloadName = await createWorkload(world)
      for (const wrong of [{ lifetime: -60 }, { forged: true }]) {
        await rejects(
          world.data.getWorkloadAccessTokenForJWT({
            workloadName,
            userToken: await userToken({ sub: "alice" }, wrong)
          }),
          unauthorized
        )
      }
    }
  }),
  statement({
    id: "workload-token.opaque",
    statement: "A workload access token is an opaque string of at most 131,072 characters",
    source: combine(
      cite(workloadTokens, "A workload access token is an AWS-signed opaque access token"),
      cite(model, "GetResourceOauth2Token.workloadIdentityToken: min 1, max 131072")
    ),
    run: async (world) => {
      const token = await tokenOf(world, await createWorkload(world), "alice")
      is("length", token.length > 0 && token.length <= 131_072, true)
    }
  }),
  statement({
    id: "api-key.get",
    statement: "An API key is returned to a workload, alone and for a user, and an unknown provider is not found",
    source: combine(
      cite(
        guide("obtain-api-key"),
        "Once you have stored your API keys in the AgentCore Identity vault, you can retrieve them directly in your agent"
      ),
      cite(reference, "The API key associated with the resource requested."),
      exceptions.notFound
    ),
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
        await rejects(
          world.data.getResourceApiKey({ workloadIdentityToken, resourceCredentialProviderName: world.name() }),
          { status: 404, name: "ResourceNotFoundException" }
        )
      }
    }
  }),
  statement({
    id: "payment.coinbase",
    statement: "A payment token of Coinbase is a JWT for one method, host and path, signed for the id of the key",
    source: guess(
      "that the service makes the JWT as Coinbase's own client does",
      cite(reference, "Bearer Token for Authorization header."),
      cite(
        github("coinbase/cdp-sdk/blob/main/python/cdp/auth/utils/jwt.py"),
        "\"kid\": options.api_key_id",
        "\"sub\": options.api_key_id",
        "expires_in = options.expires_in or 120  # Default to 120 seconds",
        "claims[\"uris\"] = [uri]"
      )
    ),
    run: async (world) => {
      const name = world.name()
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
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
      const { header, payload } = await verifyJwt("bearerToken", token, publicKey, {
        algorithms: ["ES256"],
        maxLifetime: 120
      })
      is("sub", payload.sub, "key-1")
      is("kid", header.kid, "key-1")
      is("uris", payload["uris"], ["POST api.cdp.coinbase.com/platform/v2/evm/accounts"])
    }
  }),
  statement({
    id: "payment.stripe",
    statement: "A payment token of Stripe's Privy is the app's id and secret, for HTTP Basic authentication",
    source: cite(
      "https://docs.privy.io/basics/rest-api/setup",
      "Basic Auth header with your app ID as the username and your app secret as the password."
    ),
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
      const response = present("stripePrivyTokenResponse", paymentTokenResponse?.stripePrivyTokenResponse)
      is("appId", response.appId, "app-1")
      is("basicAuthToken", Buffer.from(response.basicAuthToken ?? "", "base64").toString("utf8"), "app-1:app-secret")
    }
  })
]
