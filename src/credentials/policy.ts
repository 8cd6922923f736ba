/**
 * The minimal IAM policy for a program with declared credentials.
 *
 * The actions, their required resource types, and the condition keys come from "Actions, resources, and condition keys
 * for Amazon Bedrock AgentCore" and "… for AWS Security Token Service". Both are in AWS's Service Authorization
 * Reference, as of August 2026.
 */
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { IamAccessTokenCredential } from "../IamAccessToken.js"
import { partitionOf } from "../internal/partitions.js"
import * as Constraint from "../models/internal/constraint.js"
import * as Validation from "../plane/validation.js"
import { type Credential, hasProvider, isAccessToken, isUserCredential, type ProviderCredential } from "./credential.js"

/** A statement of an IAM policy. */
export interface Statement {
  /** Letters and digits, unique in the policy. */
  readonly Sid: string
  readonly Effect: "Allow"
  readonly Action: ReadonlyArray<string>
  readonly Resource: ReadonlyArray<string>
  readonly Condition?: {
    readonly [operator: string]: { readonly [key: string]: string | ReadonlyArray<string> }
  }
}

/** An IAM policy. `JSON.stringify` returns the document. */
export interface Policy {
  readonly Version: "2012-10-17"
  readonly Statement: ReadonlyArray<Statement>
}

/** The options of `policy`. */
export interface PolicyOptions {
  /** The name of the workload identity. */
  readonly workload: string
  /** The AWS account, 12 digits. */
  readonly account: string
  /** The AWS region, as in `us-west-2`. */
  readonly region: string
  /**
   * How the program identifies its users to AgentCore:
   *
   * - `jwt`: by JWT. The program can act for a user only while it has a JWT of that user.
   * - `userId`: by id. The program can act for any user whose id it knows.
   * - `none`: the program acts for no user.
   */
  readonly users: "jwt" | "userId" | "none"
  /**
   * The secrets in Secrets Manager that AgentCore does not store itself (`EXTERNAL`): name or ARN of the secret, by
   * name of the provider. `externalSecrets` reads them. By default, AgentCore stores all secrets (`MANAGED`).
   */
  readonly secrets?: { readonly [provider: string]: string } | undefined
}

const validateOptions = Validation.makeCheck("", () => ({
  workload: Constraint.WorkloadName,
  account: Constraint.string(12, 12, /^\d+$/),
  region: Constraint.string(1, 63, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  users: Schema.Literals(["jwt", "userId", "none"]),
  secrets: Constraint.optional(Constraint.stringMap(Constraint.string(1, 128), Constraint.string(1, 2048)))
}))

/** The names of kinds in ARNs. */
const arnKinds = { AccessToken: "oauth2", ApiKey: "apikey" } as const

const makeArns = ({ account, region, secrets = {}, workload }: PolicyOptions) => {
  const partition = partitionOf(region).name
  const arn = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`
  const directory = arn("bedrock-agentcore", "workload-identity-directory/default")
  const vault = arn("bedrock-agentcore", "token-vault/default")
  return {
    workload: [directory, `${directory}/workload-identity/${workload}`],
    vault,
    provider: ({ kind, request }: ProviderCredential) =>
      `${vault}/${arnKinds[kind]}credentialprovider/${request.provider}`,
    secrets: ({ kind, request: { provider } }: ProviderCredential): ReadonlyArray<string> => {
      const own = Object.hasOwn(secrets, provider) ? secrets[provider] : undefined
      if (own !== undefined) return [own.startsWith("arn:") ? own : arn("secretsmanager", `secret:${own}-??????`)]
      const name = arn("secretsmanager", `secret:bedrock-agentcore-identity!default/${arnKinds[kind]}/${provider}`)
      // AgentCore adds 8 hexadecimal digits to the name, and did not in 2025. Secrets Manager adds 6 characters.
      return [`${name}-????????-??????`, `${name}-??????`]
    },
    self: `arn:${partition}:sts::${account}:self`
  }
}

const unique = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)].sort()

const workloadTokens = {
  jwt: ["WorkloadAccessTokenForJwt", "GetWorkloadAccessTokenForJWT"],
  // The name of the statement warns that it allows every user id.
  userId: ["WorkloadAccessTokenForAnyUserId", "GetWorkloadAccessTokenForUserId"],
  none: ["WorkloadAccessToken", "GetWorkloadAccessToken"]
} as const

const allow = (Sid: string, action: string, Resource: ReadonlyArray<string>): Statement => ({
  Sid,
  Effect: "Allow",
  Action: [action],
  Resource
})

/** The resource of STS is the whole account, so conditions on audience, algorithm and lifetime limit the statements. */
const allowIamTokens = (self: string) =>
(
  { request: { audience, duration, signingAlgorithm = "ES384", tags = {} } }: IamAccessTokenCredential,
  index: number
): ReadonlyArray<Statement> => {
  const tagNames = Object.keys(tags)
  return [
    {
      ...allow(`WebIdentityToken${index + 1}`, "sts:GetWebIdentityToken", [self]),
      Condition: {
        "ForAllValues:StringEquals": {
          "sts:IdentityTokenAudience": typeof audience === "string" ? [audience] : unique(audience)
        },
        StringEquals: { "sts:SigningAlgorithm": signingAlgorithm },
        // Without a duration, the request lacks the key, and a condition on it would fail.
        ...duration !== undefined
          && { NumericLessThanEquals: { "sts:DurationSeconds": String(Duration.toSeconds(duration)) } }
      }
    },
    ...(tagNames.length === 0
      ? []
      : [{
        ...allow(`WebIdentityTokenTags${index + 1}`, "sts:TagGetWebIdentityToken", [self]),
        Condition: {
          "ForAllValues:StringEquals": { "aws:TagKeys": unique(tagNames) },
          StringEquals: Record.mapKeys(tags, (name) => `aws:RequestTag/${name}`)
        }
      }])
  ]
}

export const make = (list: ReadonlyArray<Credential>, options: PolicyOptions): Policy => {
  const invalid = validateOptions(options)
  if (invalid !== undefined) throw invalid
  const arns = makeArns(options)
  const [sid, action] = workloadTokens[options.users]
  // IAM rejects a statement without resources, so there is no statement without credentials.
  const allowFor = (
    credentials: ReadonlyArray<ProviderCredential>,
    sid: string,
    action: string,
    resources: ReadonlyArray<string> = [...arns.workload, arns.vault, ...unique(credentials.map(arns.provider))]
  ) => credentials.length === 0 ? [] : [allow(sid, action, resources)]
  const fromProviders = list.filter(hasProvider)
  const apiKeys = fromProviders.filter(({ kind }) => kind === "ApiKey")
  return {
    Version: "2012-10-17",
    Statement: [
      ...allowFor(fromProviders, sid, `bedrock-agentcore:${action}`, arns.workload),
      ...allowFor(list.filter(isAccessToken), "AccessTokens", "bedrock-agentcore:GetResourceOauth2Token"),
      ...allowFor(list.filter(isUserCredential), "Consents", "bedrock-agentcore:CompleteResourceTokenAuth"),
      ...allowFor(apiKeys, "ApiKeys", "bedrock-agentcore:GetResourceApiKey"),
      ...allowFor(
        fromProviders,
        "ProviderSecrets",
        "secretsmanager:GetSecretValue",
        unique(fromProviders.flatMap(arns.secrets))
      ),
      ...list.filter((credential) => credential.kind === "IamAccessToken").flatMap(allowIamTokens(arns.self))
    ]
  }
}
