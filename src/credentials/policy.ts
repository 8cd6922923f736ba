/**
 * The least IAM policy for a program with declared credentials.
 *
 * Actions and their resource types, all of them required, and condition keys: "Actions, resources, and condition keys
 * for Amazon Bedrock AgentCore" and "… for AWS Security Token Service" in the Service Authorization Reference of AWS,
 * as of August 2026.
 */
import * as Duration from "effect/Duration"
import type { IamAccessTokenCredential } from "../IamAccessToken.js"
import { type Refuse, refuseFields } from "../identity/credentialTag.js"
import * as Constraint from "../models/internal/constraint.js"
import { WorkloadName } from "../models/internal/names.js"
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

/** An IAM policy. `JSON.stringify` makes the document. */
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
   * How the program names its users to AgentCore:
   *
   * - `jwt`: by their JWTs. The program can act for a user only while it has a JWT of them.
   * - `userId`: by ids. The program can act for any user, whose id it only has to name.
   * - `none`: it acts for no user.
   */
  readonly users: "jwt" | "userId" | "none"
  /**
   * The secrets of providers that the program's account owner keeps in Secrets Manager (`EXTERNAL`): name or ARN of the
   * secret, by name of the provider. `externalSecrets` reads them. Default: AgentCore stores all secrets (`MANAGED`).
   */
  readonly secrets?: { readonly [provider: string]: string } | undefined
}

/** Checks the options of a policy. */
export const refuseOptions: Refuse = refuseFields(() => ({
  workload: WorkloadName,
  account: Constraint.text(12, 12, /^\d+$/),
  region: Constraint.text(1, 63, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  users: Constraint.oneOf("jwt", "userId", "none"),
  secrets: Constraint.optional(Constraint.textMap(Constraint.text(1, 128), Constraint.text(1, 2048)))
}), { name: "" })

/** The partitions of AWS, by how the names of their regions begin. */
const partitions: ReadonlyArray<readonly [start: string, partition: string]> = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["eusc-", "aws-eusc"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"]
]

const partitionOf = (region: string): string => partitions.find(([start]) => region.startsWith(start))?.[1] ?? "aws"

interface Arns {
  readonly workload: ReadonlyArray<string>
  readonly provider: (credential: ProviderCredential) => string
  readonly vault: string
  readonly secret: (credential: ProviderCredential) => string
}

const providerTypes = { AccessToken: "oauth2credentialprovider", ApiKey: "apikeycredentialprovider" } as const

const secretFolders = { AccessToken: "oauth2", ApiKey: "apikey" } as const

const makeArns = ({ account, region, secrets = {}, workload }: PolicyOptions): Arns => {
  const arn = (service: string, resource: string) =>
    `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`
  const directory = arn("bedrock-agentcore", "workload-identity-directory/default")
  const vault = arn("bedrock-agentcore", "token-vault/default")
  return {
    workload: [directory, `${directory}/workload-identity/${workload}`],
    vault,
    provider: ({ kind, request }) => `${vault}/${providerTypes[kind]}/${request.provider}`,
    secret: ({ kind, request: { provider } }) => {
      const own = Object.hasOwn(secrets, provider) ? secrets[provider] : undefined
      return own === undefined
        // The name that AgentCore gives a secret: that of the provider and a suffix. Secrets Manager adds one to the
        // ARN.
        ? arn("secretsmanager", `secret:bedrock-agentcore-identity!default/${secretFolders[kind]}/${provider}-*`)
        : own.startsWith("arn:")
        ? own
        : arn("secretsmanager", `secret:${own}-??????`)
    }
  }
}

const unique = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(texts)].sort()

const workloadTokens = {
  jwt: ["WorkloadAccessTokenForJwt", "GetWorkloadAccessTokenForJWT"],
  // The name of the statement says what it allows.
  userId: ["WorkloadAccessTokenForAnyUserId", "GetWorkloadAccessTokenForUserId"],
  none: ["WorkloadAccessToken", "GetWorkloadAccessToken"]
} as const

const allow = (
  sid: string,
  action: string,
  resources: ReadonlyArray<string>
): Statement => ({ Sid: sid, Effect: "Allow", Action: [action], Resource: resources })

/** No statement for no credential: IAM rejects a statement without resources. */
const allowAll = (
  sid: string,
  action: string,
  arns: Arns,
  credentials: ReadonlyArray<ProviderCredential>
): ReadonlyArray<Statement> =>
  credentials.length === 0
    ? []
    : [
      allow(sid, `bedrock-agentcore:${action}`, [
        ...arns.workload,
        arns.vault,
        ...unique(credentials.map(arns.provider))
      ])
    ]

/** STS has no resource for this action. So audience, algorithm and lifetime limit it. */
const allowIamTokens = (
  { request: { audience, duration, signingAlgorithm = "ES384", tags = {} } }: IamAccessTokenCredential,
  index: number
): ReadonlyArray<Statement> => {
  const tagNames = Object.keys(tags)
  return [
    {
      ...allow(`WebIdentityToken${index + 1}`, "sts:GetWebIdentityToken", ["*"]),
      Condition: {
        "ForAllValues:StringEquals": {
          "sts:IdentityTokenAudience": typeof audience === "string" ? [audience] : unique(audience)
        },
        StringEquals: { "sts:SigningAlgorithm": signingAlgorithm },
        // Without a duration the request does not have it, and a condition on it would fail.
        ...(duration === undefined
          ? {}
          : { NumericLessThanEquals: { "sts:DurationSeconds": String(Duration.toSeconds(duration)) } })
      }
    },
    ...(tagNames.length === 0
      ? []
      : [{
        ...allow(`WebIdentityTokenTags${index + 1}`, "sts:TagGetWebIdentityToken", ["*"]),
        Condition: {
          "ForAllValues:StringEquals": { "aws:TagKeys": unique(tagNames) },
          StringEquals: Object.fromEntries(
            Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value])
          )
        }
      }])
  ]
}

export const make = (list: ReadonlyArray<Credential>, options: PolicyOptions): Policy => {
  const arns = makeArns(options)
  const fromProviders = list.filter(hasProvider)
  const [sid, action] = workloadTokens[options.users]
  return {
    Version: "2012-10-17",
    Statement: [
      ...(fromProviders.length === 0 ? [] : [allow(sid, `bedrock-agentcore:${action}`, arns.workload)]),
      ...allowAll("AccessTokens", "GetResourceOauth2Token", arns, list.filter(isAccessToken)),
      ...allowAll("Consents", "CompleteResourceTokenAuth", arns, list.filter(isUserCredential)),
      ...allowAll("ApiKeys", "GetResourceApiKey", arns, fromProviders.filter(({ kind }) => kind === "ApiKey")),
      ...(fromProviders.length === 0
        ? []
        : [allow("ProviderSecrets", "secretsmanager:GetSecretValue", unique(fromProviders.map(arns.secret)))]),
      ...list.flatMap((credential) => credential.kind === "IamAccessToken" ? [credential] : []).flatMap(allowIamTokens)
    ]
  }
}
