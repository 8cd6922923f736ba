/** What IAM requires of a caller with a policy. */
import {
  cite,
  combine,
  github,
  guess,
  guide,
  notes,
  type Parts,
  present,
  recorded,
  rejects,
  sample,
  statement,
  type World
} from "../statement.js"
import { askM2m, createRecorded, createWorkload, githubConfig, keyArn } from "./resources.js"

const user = String.raw`User: arn:aws[\w-]*:sts::\d{12}:assumed-role/\S+`

const denied = (action: string, resource: string) => ({
  status: 403,
  name: "AccessDeniedException",
  message: new RegExp(
    `${user} is not authorized to perform: ${action} on resource: ${resource} `
      + `because no identity-based policy allows the ${action} action$`
  )
})

/** Asks for an API key as the restricted caller. */
const askKey = async (world: World, { data }: Parts["restricted"], provider: string) => {
  await world.control.createApiKeyCredentialProvider({ name: provider, apiKey: "key" })
  const { workloadAccessToken } = await data.getWorkloadAccessToken({ workloadName: await createWorkload(world) })
  return data.getResourceApiKey({
    workloadIdentityToken: workloadAccessToken,
    resourceCredentialProviderName: provider
  })
}

/** Asks for a token for the agent itself as the restricted caller. */
const askToken = async (
  world: World,
  { recorder, restricted: { data } }: Pick<Parts, "recorder" | "restricted">,
  config: Parameters<typeof createRecorded>[2]
) => {
  const { name } = await createRecorded(world, recorder, { clientSecret: undefined, ...config })
  const { workloadAccessToken } = await data.getWorkloadAccessToken({ workloadName: await createWorkload(world) })
  return askM2m({ ...world, data }, present("token", workloadAccessToken), name)
}

const boiseState = (number: number) => github(`Boise-State-Development/agentcore-public-stack/pull/${number}`)

const observations = (file: string) => github(`radkawar/stackd/blob/main/testdata/aws/iam/${file}.json`)

const authentication = guide("client-auth-methods")

export const permissions = [
  statement({
    id: "iam.resource",
    statement: "A caller without permission on a required resource is told the action and the resource",
    source: combine(
      recorded(
        sample("08-okta-xaa-delegation-chain/README.md"),
        "User: <arn> is not authorized to perform: bedrock-agentcore:GetResourceOauth2Token on resource: <arn>"
      ),
      recorded(
        github("aws-ia/terraform-aws-agentcore/pull/19"),
        "because no identity-based policy allows the bedrock-agentcore:GetResourceOauth2Token action"
      )
    ),
    needs: ["restricted"],
    run: async (world, { restricted }) => {
      await rejects(
        askKey(world, restricted, world.name()),
        denied("bedrock-agentcore:GetResourceApiKey", String.raw`\S+/apikeycredentialprovider/\S+`)
      )
    }
  }),
  statement({
    id: "iam.create",
    statement: "Creations are authorized on all names, so that a policy for some names allows none",
    source: combine(
      recorded(
        notes.workshop,
        "at create time the service authorizes CreateOauth2CredentialProvider against a literal * — token-vault/default/oauth2credentialprovider/*"
      ),
      recorded(
        notes.permissions,
        "is not authorized to perform: bedrock-agentcore:CreateWorkloadIdentity on resource: arn:aws:bedrock-agentcore:<region>:<account>:workload-identity-directory/default/workload-identity/*"
      )
    ),
    needs: ["restricted"],
    run: async ({ name }, { restricted: { control } }) => {
      await rejects(
        control.createWorkloadIdentity({ name: name() }),
        denied("bedrock-agentcore:CreateWorkloadIdentity", String.raw`\S+/workload-identity/\*`)
      )
      await rejects(
        control.createOauth2CredentialProvider({ name: name(), ...githubConfig }),
        denied("bedrock-agentcore:CreateOauth2CredentialProvider", String.raw`\S+/oauth2credentialprovider/\*`)
      )
    }
  }),
  statement({
    id: "iam.create-token-vault",
    statement: "The creation of a credential provider is authorized as CreateTokenVault too, which no reference lists",
    source: guess(
      "that it holds when the token vault exists: one of seven reports says so, three that it is for the first provider",
      recorded(
        boiseState(628),
        "not authorized to perform: bedrock-agentcore:CreateTokenVault on resource arn:...:token-vault/default"
      )
    ),
    needs: ["restricted"],
    run: async ({ name }, { restricted: { control } }) => {
      await rejects(
        control.createApiKeyCredentialProvider({ name: name(), apiKey: "key" }),
        denied("bedrock-agentcore:CreateTokenVault", String.raw`\S+:token-vault/default`)
      )
    }
  }),
  statement({
    id: "iam.managed-secret",
    statement:
      "A secret that AgentCore stores is created, changed and deleted with the permissions of the caller for Secrets Manager",
    source: combine(
      recorded(boiseState(182), "You are not authorized to perform: secretsmanager:DeleteSecret"),
      recorded(
        boiseState(186),
        "Admin create and update of OAuth credential providers were failing with AccessDeniedException on secretsmanager:CreateSecret / PutSecretValue"
      )
    ),
    needs: ["restricted"],
    run: async (world, { restricted: { control } }) => {
      const message = (action: string) => ({
        status: 403,
        name: "AccessDeniedException",
        message: new RegExp(`^You are not authorized to perform: secretsmanager:${action}`)
      })
      const name = world.name()
      const provider = { name, apiKey: "key" }
      await rejects(
        control.createApiKeyCredentialProvider({ ...provider, tags: { vault: "" } }),
        message("CreateSecret")
      )
      await world.control.createApiKeyCredentialProvider(provider)
      await rejects(control.updateApiKeyCredentialProvider(provider), message("PutSecretValue"))
      await rejects(control.deleteApiKeyCredentialProvider({ name }), message("DeleteSecret"))
      await world.control.getApiKeyCredentialProvider({ name })
    }
  }),
  statement({
    id: "iam.get-token-vault",
    statement: "GetTokenVault is authorized on the path of the operation, which token-vault/default* does not match",
    source: recorded(
      notes.workshop,
      "it authorizes against a path-style ARN (arn:aws:bedrock-agentcore:<region>:<acct>:/identities/get-token-vault), so it must sit on Resource: * — under token-vault/default* it returns AccessDeniedException"
    ),
    needs: ["restricted"],
    run: async (_, { restricted: { control } }) => {
      await rejects(
        control.getTokenVault({}),
        denied("bedrock-agentcore:GetTokenVault", String.raw`arn:\S+:\d{12}:/identities/get-token-vault`)
      )
    }
  }),
  statement({
    id: "iam.secret",
    statement: "A secret that AgentCore stores is read with the permissions of the caller",
    source: guess(
      "the end of the sentence, which STS has",
      recorded(
        notes.secrets,
        "Access denied when retrieving secret '<arn>'. User: <arn> is not authorized to perform: secretsmanager:GetSecretValue"
      )
    ),
    needs: ["restricted"],
    run: async (world, { restricted }) => {
      await rejects(askKey(world, restricted, `${world.name()}aaaaaaaa`), {
        status: 403,
        name: "AccessDeniedException",
        message: new RegExp(
          `^Access denied when retrieving secret '(\\S+)'\\. ${user} is not authorized to perform: secretsmanager:GetSecretValue on resource: \\1 `
        )
      })
    }
  }),
  statement({
    id: "iam.resource-wildcard",
    statement: "A star at the end of a part of an ARN reaches over colons",
    source: cite(
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html",
      "If the * wildcard is the last character of a resource ARN segment, it can expand to match beyond the colon boundaries"
    ),
    needs: ["restricted"],
    run: async (world, { restricted }) => {
      await askKey(world, restricted, `${world.name()}bbbbbbbb`)
    }
  }),
  statement({
    id: "iam.multi-valued",
    statement:
      "An operator without ForAnyValue or ForAllValues never matches a key with several values, not even one value",
    source: recorded(
      observations("condition_sets"),
      "StringEquals aws:TagKeys team, tags team: AccessDenied; ForAllValues:StringEquals aws:TagKeys team, tags team: Success"
    ),
    needs: ["restricted"],
    run: async (world, { restricted: { control } }) => {
      const { workloadIdentityArn = "" } = await world.control.createWorkloadIdentity({ name: world.name() })
      const tag = (tags: Record<string, string>) => control.tagResource({ resourceArn: workloadIdentityArn, tags })
      await rejects(tag({ single: "a" }), denied("bedrock-agentcore:TagResource", String.raw`\S+`))
      await tag({ all: "a" })
    }
  }),
  statement({
    id: "iam.condition-values",
    statement: "A value that is no ARN does not match ArnNotLike, and each value but true matches Bool false",
    source: recorded(
      observations("condition_values"),
      "ArnNotLike arn:aws:iam::*:user/*, value not-an-arn: AccessDenied; Bool false, value yes: Success"
    ),
    needs: ["restricted"],
    run: async (world, { restricted: { control } }) => {
      const { workloadIdentityArn = "" } = await world.control.createWorkloadIdentity({ name: world.name() })
      const tag = (tags: Record<string, string>) => control.tagResource({ resourceArn: workloadIdentityArn, tags })
      const rejection = denied("bedrock-agentcore:TagResource", String.raw`\S+`)
      await rejects(tag({ arn: "not-an-arn" }), rejection)
      await tag({ arn: "arn:aws:iam::123456789012:role/test" })
      await rejects(tag({ flag: "True" }), rejection)
      await tag({ flag: "yes" })
    }
  }),
  statement({
    id: "iam.sts",
    statement: "A caller without permission gets no JWT, and is told the resource that the reference does not name",
    source: recorded(
      notes.denial,
      "User: <arn> is not authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::<account>:self because no "
        + "identity-based policy allows the sts:GetWebIdentityToken action"
    ),
    needs: ["restricted"],
    run: async (_, { restricted }) => {
      await rejects(
        restricted.sts.getWebIdentityToken({
          Audience: ["https://conformance.example.com"],
          SigningAlgorithm: "ES384"
        }),
        { ...denied("sts:GetWebIdentityToken", String.raw`arn:aws[\w-]*:sts::\d{12}:self`), name: "AccessDenied" }
      )
    }
  }),
  statement({
    id: "iam.client-jwt",
    statement: "A client that authenticates by a JWT of AWS requires sts:GetWebIdentityToken of the caller",
    source: guess(
      "the message",
      cite(authentication, "The calling AWS IAM identity must have permission to call sts:GetWebIdentityToken")
    ),
    needs: ["restricted", "recorder"],
    run: async (world, parts) => {
      await rejects(
        askToken(world, parts, { clientAuthenticationMethod: "AWS_IAM_ID_TOKEN_JWT" }),
        denied("sts:GetWebIdentityToken", String.raw`arn:aws[\w-]*:sts::\d{12}:self`)
      )
    }
  }),
  statement({
    id: "iam.client-key",
    statement: "A client that authenticates by a key in KMS requires kms:DescribeKey and kms:Sign of the caller",
    source: guess(
      "the message, and that the key is described at each use",
      cite(
        authentication,
        "The AgentCore Identity execution role (or calling identity) must have kms:DescribeKey and kms:Sign permissions on the KMS key."
      )
    ),
    needs: ["restricted", "recorder"],
    run: async (world, parts) => {
      const kmsKeyArn = await keyArn(world)
      await rejects(
        askToken(world, parts, {
          clientAuthenticationMethod: "PRIVATE_KEY_JWT",
          privateKeyJwtConfig: { privateKeySource: { kmsKeySource: { kmsKeyArn } }, signingAlgorithm: "ES256" }
        }),
        denied("kms:DescribeKey", kmsKeyArn)
      )
    }
  })
]
