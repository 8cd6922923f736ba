/** Tags, the token vault, consent portals, and the account itself. */
import type { GetWebIdentityTokenCommandInput } from "@aws-sdk/client-sts"
import { decodeJwt } from "jose"
import { setTimeout } from "node:timers/promises"
import { ed25519Key } from "../../support/paymentKeys.js"
import {
  cite,
  combine,
  exceptions,
  guess,
  guide,
  is,
  model,
  NotApplicable,
  present,
  recordedSts,
  reference,
  rejects,
  statement,
  type World
} from "../statement.js"
import { awsJwt, createCustom, createGithub, createWorkload, unreachable, verifyAwsJwt } from "./resources.js"

const tagging = guide("identity-tagging")

const validation = { status: 400, name: "ValidationException" } as const

/** Tags a resource, lists its tags, and removes them. */
const tagAndUntag = async ({ control, lastExchange }: World, resourceArn: string): Promise<void> => {
  await control.tagResource({ resourceArn, tags: { "conformance team": "a", other: "b" } })
  is("status", lastExchange().status, 204)
  const { tags } = await control.listTagsForResource({ resourceArn })
  is("tag", tags?.["conformance team"], "a")
  await control.untagResource({ resourceArn, tagKeys: ["conformance team", "other"] })
  is("status", lastExchange().status, 204)
  is("tags", Object.keys((await control.listTagsForResource({ resourceArn })).tags ?? {}).includes("other"), false)
}

/** The ARNs of the directory and the vault are prefixes of the ARNs of their resources. */
const parentOf = (arn: string, form: RegExp): string => present(`ARN ${arn}`, form.exec(arn)?.[0])

const audience = { Audience: ["https://conformance.example.com"] }

const isDisabled = (error: unknown): boolean =>
  error instanceof Error && error.name.startsWith("OutboundWebIdentityFederationDisabled")

const awaitStatus = async ({ control }: World, consentPortalIdentifier: string, status: string) => {
  const seen: Array<string | undefined> = []
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    const portal = await control.getConsentPortal({ consentPortalIdentifier })
    if (seen.at(-1) !== portal.status) seen.push(portal.status)
    if (portal.status === status) return { portal, seen }
    await setTimeout(20)
  }
  throw new Error(`the consent portal was ${seen.join(", ")}, and not ${status}`)
}

const portals = guide("identity-create-consent-portal")

const createPortal = async (
  world: World,
  gateway: { readonly identifier: string; readonly roleArn: string },
  change: { readonly credentialProviderArn?: string; readonly scopes?: Array<string>; readonly roleArn?: string } = {}
) => {
  const credentialProviderArn = change.credentialProviderArn
    ?? present(
      "ARN",
      (await world.control.getOauth2CredentialProvider({
        name: (await createCustom(world, unreachable)).name
      })).credentialProviderArn
    )
  return world.control.createConsentPortal({
    name: world.name(),
    executionRoleArn: change.roleArn ?? gateway.roleArn,
    idpConfig: { credentialProviderArn, scopes: change.scopes ?? ["openid"] },
    sources: [{ identifier: gateway.identifier, type: "agentcore-gateway" }]
  })
}

export const account = [
  statement({
    id: "tags.resources",
    statement:
      "Workload identities and credential providers of every kind can be tagged, when they are created and later",
    source: combine(
      cite(
        tagging,
        "Workload Identity | ✅ | ✅ | ✅",
        "OAuth2 Credential Provider | ✅ | ✅ | ✅",
        "API Key Credential Provider | ✅ | ✅ | ✅"
      ),
      cite(
        reference,
        "Optional tags for resource organization."
      )
    ),
    run: async (world) => {
      const { control, name } = world
      const tags = { team: "agents" }
      const workload = await control.createWorkloadIdentity({ name: name(), tags })
      const key = await control.createApiKeyCredentialProvider({ name: name(), apiKey: "key", tags })
      const payment = await control.createPaymentCredentialProvider({
        name: name(),
        credentialProviderVendor: "CoinbaseCDP",
        providerConfigurationInput: { coinbaseCdpConfiguration: { apiKeyId: "key", apiKeySecret: ed25519Key() } },
        tags
      })
      const oauth2 = await control.getOauth2CredentialProvider({ name: await createGithub(world) })
      for (const arn of [workload.workloadIdentityArn, key.credentialProviderArn, payment.credentialProviderArn]) {
        is("tags", (await control.listTagsForResource({ resourceArn: arn })).tags, tags)
        await tagAndUntag(world, present("ARN", arn))
      }
      await tagAndUntag(world, present("ARN", oauth2.credentialProviderArn))
    }
  }),
  statement({
    id: "tags.vault-and-directory",
    statement: "The token vault and the workload identity directory can be tagged",
    source: cite(tagging, "Workload Identity Directory | ❌ | ✅ | ✅", "Token Vault | ❌ | ✅ | ✅"),
    needs: ["wholeAccount"],
    run: async (world) => {
      const { workloadIdentityArn = "" } = await world.control.createWorkloadIdentity({ name: world.name() })
      const key = await world.control.createApiKeyCredentialProvider({ name: world.name(), apiKey: "key" })
      await tagAndUntag(world, parentOf(workloadIdentityArn, /^.*:workload-identity-directory\/default(?=\/)/))
      await tagAndUntag(world, parentOf(key.credentialProviderArn ?? "", /^.*:token-vault\/default(?=\/)/))
    }
  }),
  statement({
    id: "tags.arn",
    statement:
      "A string that is not the ARN of a resource is a ValidationException, and an unknown resource is not found",
    source: combine(
      cite(
        model,
        "TagResource.resourceArn: min 20, max 1011, pattern arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\\/[^/]+)(?:\\/[a-z-]+\\/[^/]+)*"
      ),
      exceptions.notFound
    ),
    run: async (world) => {
      await rejects(world.control.listTagsForResource({ resourceArn: "nope" }), validation)
      await rejects(world.control.tagResource({ resourceArn: "arn:aws:s3:::a-bucket-of-mine", tags: {} }), validation)
      const name = await createWorkload(world)
      const { workloadIdentityArn = "" } = await world.control.getWorkloadIdentity({ name })
      await rejects(
        world.control.listTagsForResource({ resourceArn: workloadIdentityArn.replace(name, world.name()) }),
        {
          status: 404,
          name: "ResourceNotFoundException"
        }
      )
    }
  }),
  statement({
    id: "tags.many-keys",
    statement: "UntagResource accepts up to 200 keys",
    source: cite(model, "UntagResource.tagKeys: max 200"),
    run: async ({ control, name }) => {
      const { workloadIdentityArn } = await control.createWorkloadIdentity({ name: name() })
      const keys = (length: number) => Array.from({ length }, (_, index) => `key-${index}`)
      await control.untagResource({ resourceArn: workloadIdentityArn, tagKeys: keys(200) })
      await rejects(control.untagResource({ resourceArn: workloadIdentityArn, tagKeys: keys(201) }), validation)
    }
  }),
  statement({
    id: "tags.too-many",
    statement: "51 tags are rejected: Member must have length less than or equal to 50",
    source: guess("the message, which other services of AWS have", cite(model, "TagResource.tags: max 50")),
    run: async ({ control, name }) => {
      const { workloadIdentityArn } = await control.createWorkloadIdentity({ name: name() })
      const tags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, "value"]))
      await rejects(control.tagResource({ resourceArn: workloadIdentityArn, tags }), {
        ...validation,
        message: "Member must have length less than or equal to 50"
      })
    }
  }),
  statement({
    id: "token-vault.get",
    statement: "The token vault is called default, and its key is the service's or the customer's",
    source: combine(
      cite(tagging, "arn:aws:bedrock-agentcore:${Region}:${Account}:token-vault/default"),
      cite(
        reference,
        "The type of KMS key (CustomerManagedKey or ServiceManagedKey).",
        "The timestamp when the token vault was last modified."
      )
    ),
    run: async ({ control }) => {
      const { kmsConfiguration, lastModifiedDate, tokenVaultId } = await control.getTokenVault({})
      is("tokenVaultId", tokenVaultId, "default")
      is("keyType", kmsConfiguration?.keyType, /^(ServiceManagedKey|CustomerManagedKey)$/)
      is("lastModifiedDate", lastModifiedDate instanceof Date, true)
    }
  }),
  statement({
    id: "token-vault.key",
    statement: "The key of the token vault is set, and returned",
    source: cite(reference, "The KMS configuration for the token vault, including the key type and KMS key ARN."),
    needs: ["wholeAccount"],
    run: async ({ control }) => {
      const kmsKeyArn = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
      await control.setTokenVaultCMK({ kmsConfiguration: { keyType: "CustomerManagedKey", kmsKeyArn } })
      is("key", (await control.getTokenVault({})).kmsConfiguration, { keyType: "CustomerManagedKey", kmsKeyArn })
      await control.setTokenVaultCMK({ kmsConfiguration: { keyType: "ServiceManagedKey" } })
      is("key", (await control.getTokenVault({})).kmsConfiguration, { keyType: "ServiceManagedKey" })
    }
  }),
  statement({
    id: "sts.caller",
    statement: "GetCallerIdentity returns account, user id and ARN of the credentials that signed",
    source: cite(reference, "Returns details about the IAM user or role whose credentials are used to"),
    run: async (world) => {
      const { Account, Arn, UserId } = await world.sts.getCallerIdentity({})
      is("Account", Account, /^\d{12}$/)
      is("Arn", Arn, new RegExp(`^arn:aws[a-z-]*:(iam|sts)::${Account}:`))
      present("UserId", UserId)
      const { workloadIdentityArn } = await world.control.createWorkloadIdentity({ name: world.name() })
      is("account of the resources", workloadIdentityArn?.split(":")[4], Account)
    }
  }),
  statement({
    id: "sts.web-identity",
    statement:
      "GetWebIdentityToken returns a JWT for the audiences, with the requested lifetime, by default five minutes",
    source: combine(
      cite(
        reference,
        "The value can range from 60 seconds (1 minute) to 3600 seconds (1 hour). If not specified, the default duration is 300 seconds (5 minutes)."
      ),
      awsJwt
    ),
    run: async ({ sts }) => {
      const ask = async (DurationSeconds?: number) => {
        try {
          const { WebIdentityToken } = await sts.getWebIdentityToken({
            Audience: ["https://one.example.com"],
            SigningAlgorithm: "ES384",
            ...DurationSeconds === undefined ? {} : { DurationSeconds }
          })
          const { header, payload } = await verifyAwsJwt(
            "WebIdentityToken",
            present("WebIdentityToken", WebIdentityToken)
          )
          is("alg", header.alg, "ES384")
          return payload
        } catch (error) {
          throw isDisabled(error) ? new NotApplicable("the account has no outbound web identity federation") : error
        }
      }
      const byDefault = await ask()
      is("aud", [byDefault.aud].flat(), ["https://one.example.com"])
      is("lifetime", (byDefault.exp ?? 0) - (byDefault.iat ?? 0), 300)
      const long = await ask(3_600)
      is("lifetime", (long.exp ?? 0) - (long.iat ?? 0), 3_600)
      await rejects(
        sts.getWebIdentityToken({
          Audience: ["https://one.example.com"],
          SigningAlgorithm: "ES384",
          DurationSeconds: 59
        }),
        { status: 400 }
      )
    }
  }),
  statement({
    id: "sts.keys",
    statement: "The keys of STS are RSA_0 and EC384_0, and both are published",
    source: recordedSts("lifecycle", "\"kid\": \"RSA_0\"", "\"kid\": \"EC384_0\""),
    run: async ({ sts }) => {
      for (const [SigningAlgorithm, kid] of [["RS256", "RSA_0"], ["ES384", "EC384_0"]] as const) {
        const token = present(
          "WebIdentityToken",
          (await sts.getWebIdentityToken({ ...audience, SigningAlgorithm })).WebIdentityToken
        )
        const { header } = await verifyAwsJwt("WebIdentityToken", token)
        is("kid", header.kid, kid)
        const keys = await (await fetch(`${decodeJwt(token).iss}/.well-known/jwks.json`)).json()
        is("keys", keys.keys.map((key: { readonly kid: string }) => key.kid).sort(), ["EC384_0", "RSA_0"])
        is("use", keys.keys.every((key: { readonly use: string }) => key.use === "sig"), true)
      }
    }
  }),
  statement({
    id: "sts.claims",
    statement: "The claim of AWS has the principal, which is the subject, and for a role the end of its session",
    source: recordedSts(
      "issuance",
      "\"original_session_exp\": \"2026-09-11T18:51:01Z\"",
      "\"principal_id\": \"arn:aws:iam::123456789012:role/outbound/stackd-outbound-fixture-role\""
    ),
    run: async ({ sts }) => {
      const { WebIdentityToken = "" } = await sts.getWebIdentityToken({ ...audience, SigningAlgorithm: "ES384" })
      const { payload } = await verifyAwsJwt("WebIdentityToken", WebIdentityToken)
      const claim = Object(payload["https://sts.amazonaws.com/"])
      is("principal_id", claim.principal_id, payload.sub)
      is("aws_account", claim.aws_account, /^\d{12}$/)
      present("source_region", claim.source_region)
      if (String(payload.sub).includes(":role/")) {
        is("original_session_exp", claim.original_session_exp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      }
    }
  }),
  statement({
    id: "sts.size",
    statement: "Claims of more than 14,984 bytes are rejected: JWT payload exceeds maximum allowed size",
    source: recordedSts("issuance", "\"payload_bytes\": 14984"),
    run: async ({ sts }) => {
      const Audience = Array.from({ length: 10 }, () => "a".repeat(1_000))
      const Tags = Array.from({ length: 20 }, (_, index) => ({ Key: `${index}`, Value: "v".repeat(256) }))
      await sts.getWebIdentityToken({ Audience, SigningAlgorithm: "RS256", Tags: Tags.slice(0, 14) })
      await rejects(sts.getWebIdentityToken({ Audience, SigningAlgorithm: "RS256", Tags }), {
        status: 400,
        message: "JWT payload exceeds maximum allowed size"
      })
    }
  }),
  statement({
    id: "sts.tag-keys",
    statement: "Keys of tags that differ only in case are duplicates, and other characters are rejected",
    source: recordedSts(
      "identity",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      "Value '<team>' at 'tags.1.member.key' failed to satisfy constraint"
    ),
    run: async ({ sts }) => {
      const ask = (...keys: ReadonlyArray<string>) =>
        sts.getWebIdentityToken({
          ...audience,
          SigningAlgorithm: "RS256",
          Tags: keys.map((Key) => ({ Key, Value: "test" }))
        })
      await rejects(ask("team", "Team"), {
        status: 400,
        name: "InvalidParameterValue",
        message: "Duplicate tag keys found. Please note that Tag keys are case insensitive."
      })
      await rejects(ask("<team>"), {
        status: 400,
        message: "Value '<team>' at 'tags.1.member.key' failed to satisfy constraint: "
          + "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"
      })
      await ask("aws:team")
    }
  }),
  statement({
    id: "sts.violations",
    statement: "Violations quote the value, and every violation of a constraint is reported",
    source: recordedSts(
      "identity",
      "Value '59' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60",
      "Value null at 'audience' failed to satisfy constraint: Member must not be null",
      "2 validation errors detected: Value '' at 'tags.1.member.key'"
    ),
    run: async ({ sts }) => {
      const failed = "failed to satisfy constraint: Member must"
      const request = { ...audience, SigningAlgorithm: "RS256" as const }
      const cases: ReadonlyArray<readonly [GetWebIdentityTokenCommandInput, string]> = [
        [
          { ...request, DurationSeconds: 59 },
          `Value '59' at 'durationSeconds' ${failed} have value greater than or equal to 60`
        ],
        [{ ...request, Audience: [] }, `Value null at 'audience' ${failed} not be null`],
        [{ ...request, Audience: [""] }, `Value '[]' at 'audience' ${failed} satisfy constraint: [`],
        [
          { ...request, Tags: [{ Key: "", Value: "test" }] },
          "2 validation errors detected: Value '' at 'tags.1.member.key'"
        ]
      ]
      for (const [input, message] of cases) {
        await rejects(sts.getWebIdentityToken(input), { status: 400, message })
      }
    }
  }),
  statement({
    id: "sts.algorithms",
    statement: "An algorithm of five characters that is not supported has a message of its own",
    source: recordedSts(
      "identity",
      "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported algorithms",
      "Value 'none' at 'signingAlgorithm' failed to satisfy constraint: Member must have length greater than or equal to 5"
    ),
    run: async ({ sts }) => {
      const ask = (SigningAlgorithm: string) => sts.getWebIdentityToken({ ...audience, SigningAlgorithm })
      for (const algorithm of ["RS384", "HS256", "rs256"]) {
        await rejects(ask(algorithm), { status: 400, message: "Requested SigningAlgorithm is not supported." })
      }
      await rejects(ask("none"), { status: 400, message: "Value 'none' at 'signingAlgorithm'" })
    }
  }),
  statement({
    id: "portal.life",
    statement:
      "A consent portal is CREATING, ACTIVE, UPDATING, ACTIVE, DELETING, and then not found; its IdP is in use",
    source: guess(
      "that a credential provider in use cannot be deleted, and the exception",
      cite(
        portals,
        "After you create a consent portal, it begins in the CREATING status.",
        "Use get-consent-portal to poll the portal until its status is ACTIVE, at which point the portalUrl is available."
      ),
      cite(
        guide("identity-update-consent-portal"),
        "When you update the IdP credential configurations, the consent portal transitions to the UPDATING status while AWS applies the change, and then returns to ACTIVE."
      ),
      cite(
        guide("identity-delete-consent-portal"),
        "When you delete a consent portal, it transitions to the DELETING status and is then permanently removed."
      )
    ),
    needs: ["gateway"],
    run: async (world, { gateway }) => {
      const { name } = await createCustom(world, unreachable)
      const { credentialProviderArn } = await world.control.getOauth2CredentialProvider({ name })
      const created = await createPortal(
        world,
        gateway,
        credentialProviderArn === undefined ? {} : { credentialProviderArn }
      )
      is("status of the response", world.lastExchange().status, 202)
      is("status", created.status, "CREATING")
      const id = present("consentPortalId", created.consentPortalId)
      const { portal } = await awaitStatus(world, id, "ACTIVE")
      is("portalUrl", portal.portalUrl, /^https:\/\//)
      is("gateway in the host", new URL(portal.portalUrl ?? "").hostname.includes(gateway.identifier), true)
      await rejects(world.control.deleteOauth2CredentialProvider({ name }), { status: 409, name: "ConflictException" })
      const updated = await world.control.updateConsentPortal({
        consentPortalIdentifier: id,
        description: "changed",
        idpConfig: { credentialProviderArn, scopes: ["openid", "email"] }
      })
      is("status", updated.status, "UPDATING")
      const { portal: changed } = await awaitStatus(world, id, "ACTIVE")
      is("description", changed.description, "changed")
      is("scopes", changed.idpConfig?.scopes, ["openid", "email"])
      await world.control.deleteConsentPortal({ consentPortalIdentifier: id })
      is("status of the response", world.lastExchange().status, 204)
      const isGone = async (): Promise<boolean> =>
        world.control.getConsentPortal({ consentPortalIdentifier: id }).then(
          ({ status }) => (is("status", status, "DELETING"), false),
          ({ name }: Error) => name === "ResourceNotFoundException"
        )
      const deadline = performance.now() + 60_000
      while (!(await isGone()) && performance.now() < deadline) await setTimeout(20)
      is("gone", await isGone(), true)
    }
  }),
  statement({
    id: "portal.idp",
    statement: "The IdP of a consent portal is one of OpenID Connect, and its scopes have openid, also in an update",
    source: guess(
      "that the service rejects the request, and the exception",
      cite(
        guide("identity-consent-portal-prerequisites"),
        "OAuth2-only vendors that issue no ID token and publish no OIDC discovery document (for example, GitHub, Slack, Salesforce, Atlassian, and LinkedIn) cannot be used as the primary IdP"
      ),
      cite(portals, "Include openid in the scopes list."),
      cite(
        guide("identity-update-consent-portal"),
        "When you change the scopes, the list must include the openid scope."
      )
    ),
    needs: ["gateway"],
    run: async (world, { gateway }) => {
      const github = await world.control.getOauth2CredentialProvider({ name: await createGithub(world) })
      await rejects(
        createPortal(world, gateway, { credentialProviderArn: github.credentialProviderArn ?? "" }),
        validation
      )
      await rejects(createPortal(world, gateway, { scopes: ["email"] }), validation)
      const created = await createPortal(world, gateway)
      const id = present("consentPortalId", created.consentPortalId)
      await awaitStatus(world, id, "ACTIVE")
      await rejects(
        world.control.updateConsentPortal({
          consentPortalIdentifier: id,
          idpConfig: {
            credentialProviderArn: created.idpConfig?.credentialProviderArn,
            scopes: ["email"]
          }
        }),
        validation
      )
    }
  }),
  statement({
    id: "portal.role",
    statement: "The role of a consent portal is the ARN of a role that AgentCore can assume",
    source: guess(
      "the exceptions; the pattern is in the API reference alone",
      cite(
        reference,
        "The Amazon Resource Name (ARN) of the IAM role that the consent portal assumes to access the resources defined in its sources."
      )
    ),
    needs: ["gateway"],
    run: async (world, { gateway }) => {
      await rejects(createPortal(world, gateway, { roleArn: "nope" }), validation)
      await rejects(createPortal(world, gateway, { roleArn: `${gateway.roleArn}-of-nobody` }), {
        ...validation,
        message: /role|assume/i
      })
    }
  }),
  statement({
    id: "portal.client-token",
    statement: "A creation of a consent portal with the clientToken of an earlier one has its response",
    source: guess(
      "what the service does with the token, which other services of AWS document",
      cite(portals, "You can also supply the optional description, tags, and clientToken parameters.")
    ),
    needs: ["gateway"],
    run: async (world, { gateway }) => {
      const { credentialProviderArn } = await world.control.getOauth2CredentialProvider({
        name: (await createCustom(world, unreachable)).name
      })
      const name = world.name()
      const create = (description: string) => {
        world.changeNextRequest((json) => ({ ...json, name, description, clientToken: `token-${name}` }))
        return createPortal(world, gateway, { credentialProviderArn: present("ARN", credentialProviderArn) })
      }
      const { consentPortalId } = await create("first")
      is("portal", (await create("first")).consentPortalId, consentPortalId)
      await rejects(create("second"), { status: 409, name: "ConflictException" })
      await awaitStatus(world, present("consentPortalId", consentPortalId), "ACTIVE")
    }
  }),
  statement({
    id: "portal.one-per-gateway",
    statement: "A gateway has one consent portal",
    source: guess(
      "that a gateway has one portal; the guide says that a portal has one gateway",
      cite(
        guide("identity-consent-portal-prerequisites"),
        "A consent portal attaches to exactly one Amazon Bedrock AgentCore Gateway as its single source of type agentcore-gateway."
      )
    ),
    needs: ["gateway"],
    run: async (world, { gateway }) => {
      const first = await createPortal(world, gateway)
      await awaitStatus(world, first.consentPortalId ?? "", "ACTIVE")
      await rejects(createPortal(world, gateway), { status: 409, name: "ConflictException" })
      await createPortal(world, { ...gateway, identifier: gateway.other })
    }
  }),
  statement({
    id: "portal.unknown",
    statement: "An unknown consent portal is not found",
    source: exceptions.notFound,
    run: async ({ control, name }) => {
      // An id is a name with ten more characters.
      await rejects(control.getConsentPortal({ consentPortalIdentifier: `${name()}-0a1b2c3d4e` }), {
        status: 404,
        name: "ResourceNotFoundException"
      })
    }
  })
]
