/**
 * The minimal IAM policy for a program with declared credentials. Actions, resource types and condition keys: "Amazon
 * Bedrock AgentCore" and "AWS Security Token Service" in AWS's Service Authorization Reference, as of August 2026.
 */
import * as Duration from "effect/Duration"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { IamAccessTokenCredential } from "../../IamAccessToken.js"
import * as Constraint from "../models/constraint.js"
import { partitionOf } from "../partitions.js"
import * as Validation from "../plane/validation.js"
import {
  type Credential,
  hasProvider,
  isAccessToken,
  isOnBehalfOf,
  isUserCredential,
  type ProviderCredential
} from "./credential.js"

/** An IAM policy. `JSON.stringify` returns the document. */
export interface Policy {
  readonly Version: "2012-10-17"
  readonly Statement: ReadonlyArray<{
    /** Letters and digits, unique in the policy. */
    readonly Sid: string
    readonly Effect: "Allow"
    readonly Action: ReadonlyArray<string>
    readonly Resource: ReadonlyArray<string>
    readonly Condition?: {
      readonly [operator: string]: { readonly [key: string]: string | ReadonlyArray<string> }
    }
  }>
}

type Statement = Policy["Statement"][number]

/** What AgentCore does with the program's permissions when it uses a provider. */
export interface ProviderAccess {
  /**
   * The secret that it reads: name or ARN in Secrets Manager if AgentCore does not store it (`EXTERNAL`), or `false` if
   * the client has none. Default: the secret that AgentCore stores (`MANAGED`).
   */
  readonly secret?: string | false | undefined
  /** The ARN of the KMS key that it signs with, for a client with `PRIVATE_KEY_JWT`. */
  readonly signingKey?: string | undefined
  /** Whether it requests an AWS-signed JWT, for a client or an actor with `AWS_IAM_ID_TOKEN_JWT`. Default: false. */
  readonly awsJwt?: boolean | undefined
}

/** The options of `policy`. */
export interface PolicyOptions {
  /**
   * The name of the workload identity. With `users: "runtime"` it can end in `*`, because AgentCore Runtime chooses the
   * end of the name: `<agent>-*`.
   */
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
   * - `runtime`: not at all. AgentCore Runtime supplies the workload access token with each request.
   * - `none`: the program acts for no user.
   *
   * A program that also acts without users needs the policy of `none` for that part, too.
   *
   * `ON_BEHALF_OF_TOKEN_EXCHANGE` needs `jwt` or `runtime`. `USER_FEDERATION` needs any but `none`.
   */
  readonly users: Users
  /** What is known of the providers, by kind and name. */
  readonly providers?: {
    /** The OAuth2 providers, by name. */
    readonly oauth2?: { readonly [provider: string]: ProviderAccess } | undefined
    /** The API key providers, by name. */
    readonly apiKey?: { readonly [provider: string]: ProviderAccess } | undefined
  } | undefined
}

export type Users = "jwt" | "userId" | "runtime" | "none"

const accessByName = Constraint.optional(Schema.Record(
  Schema.String,
  Schema.Struct({
    secret: Constraint.optional(Schema.Union([Constraint.string(1, 2048), Schema.Literal(false)])),
    signingKey: Constraint.optional(Constraint.matching(/^arn:\S+$/)),
    awsJwt: Constraint.optional(Schema.Boolean)
  })
))

const checkOptions = Validation.makeCheck("", () => ({
  workload: Schema.String,
  account: Constraint.string(12, 12, /^\d+$/),
  region: Constraint.string(1, 63, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  users: Schema.Literals(["jwt", "userId", "runtime", "none"]),
  providers: Constraint.optional(Schema.Struct({ oauth2: accessByName, apiKey: accessByName }))
}))

const checkWorkload = Validation.makeCheck("", () => ({ workload: Constraint.WorkloadName }))

/** Whether the program acts for a user with the credential. */
export const needsUser = (credential: Credential): boolean => isUserCredential(credential) || isOnBehalfOf(credential)

const findUsersProblem = (list: ReadonlyArray<Credential>, users: Users) => {
  const credential = list.find((one) => users === "none" ? needsUser(one) : users === "userId" && isOnBehalfOf(one))
  if (credential === undefined) return undefined
  const others = isOnBehalfOf(credential) ? "jwt or runtime" : "userId, jwt or runtime"
  const reason = users === "none" ? "acts for users" : "exchanges the JWT of its user"
  return Validation.invalidProperty("", "users", `be ${others}, because ${credential.key} ${reason}`)
}

const findProblem = (list: ReadonlyArray<Credential>, options: PolicyOptions) =>
  checkOptions(options)
    ?? checkWorkload({ workload: options.users === "runtime" ? options.workload.replace(/\*$/, "") : options.workload })
    ?? findUsersProblem(list, options.users)

export const makeArns = ({ account, region }: Pick<PolicyOptions, "account" | "region">) => {
  const partition = partitionOf(region).name
  const arn = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`
  const directory = arn("bedrock-agentcore", "workload-identity-directory/default")
  const vault = arn("bedrock-agentcore", "token-vault/default")
  const secret = (name: string) => arn("secretsmanager", `secret:${name}`)
  return {
    directory,
    vault,
    workload: (name: string) => `${directory}/workload-identity/${name}`,
    provider: (kind: string, name: string) => `${vault}/${kind}credentialprovider/${name}`,
    secret,
    /**
     * The secrets that AgentCore stores for a provider. It adds 8 hexadecimal digits to the name, and did not in 2025.
     * Secrets Manager adds 6 characters.
     */
    managedSecrets: (kind: string, name: string) =>
      ["-????????-??????", "-??????"].map((end) => secret(`bedrock-agentcore-identity!default/${kind}/${name}${end}`)),
    self: `arn:${partition}:sts::${account}:self`
  }
}

/** The name of a credential's kind in ARNs. */
const kindOf = ({ kind }: ProviderCredential) => kind === "ApiKey" ? "apikey" : "oauth2"

const makeAccessOf =
  ({ providers = {} }: PolicyOptions) => ({ kind, request: { provider } }: ProviderCredential): ProviderAccess => {
    const access = (kind === "ApiKey" ? providers.apiKey : providers.oauth2) ?? {}
    return Object.hasOwn(access, provider) ? access[provider] ?? {} : {}
  }

export const unique = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)].sort()

const workloadTokens = {
  jwt: ["WorkloadAccessTokenForJwt", "bedrock-agentcore:GetWorkloadAccessTokenForJWT"],
  // The name of the statement warns that it allows every user id.
  userId: ["WorkloadAccessTokenForAnyUserId", "bedrock-agentcore:GetWorkloadAccessTokenForUserId"],
  none: ["WorkloadAccessToken", "bedrock-agentcore:GetWorkloadAccessToken"],
  // AgentCore Runtime supplies the tokens.
  runtime: undefined
} as const

export const allow = (Sid: string, Action: ReadonlyArray<string>, Resource: ReadonlyArray<string>): Statement => ({
  Sid,
  Effect: "Allow",
  Action,
  Resource
})

/** IAM rejects a statement without resources. */
export const makePolicy = (statements: ReadonlyArray<Statement>): Policy => ({
  Version: "2012-10-17",
  Statement: statements.filter(({ Resource }) => Resource.length > 0)
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
      ...allow(`WebIdentityToken${index + 1}`, ["sts:GetWebIdentityToken"], [self]),
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
        ...allow(`WebIdentityTokenTags${index + 1}`, ["sts:TagGetWebIdentityToken"], [self]),
        Condition: {
          "ForAllValues:StringEquals": { "aws:TagKeys": unique(tagNames) },
          StringEquals: Record.mapKeys(tags, (name) => `aws:RequestTag/${name}`)
        }
      }])
  ]
}

export const make = (list: ReadonlyArray<Credential>, options: PolicyOptions): Policy => {
  const problem = findProblem(list, options)
  if (problem !== undefined) throw problem
  const arns = makeArns(options)
  const accessOf = makeAccessOf(options)
  const workload = [arns.directory, arns.workload(options.workload)]
  const fromProviders = list.filter(hasProvider)
  const resourcesOf = (credentials: ReadonlyArray<ProviderCredential>) =>
    credentials.length === 0
      ? []
      : [...workload, arns.vault, ...unique(credentials.map((one) => arns.provider(kindOf(one), one.request.provider)))]
  const secretsOf = (credential: ProviderCredential): ReadonlyArray<string> => {
    const { secret } = accessOf(credential)
    if (secret === false) return []
    if (secret === undefined) return arns.managedSecrets(kindOf(credential), credential.request.provider)
    return [secret.startsWith("arn:") ? secret : arns.secret(`${secret}-??????`)]
  }
  const access = fromProviders.map(accessOf)
  const tokens = workloadTokens[options.users]
  return makePolicy([
    ...tokens === undefined ? [] : [allow(tokens[0], [tokens[1]], fromProviders.length === 0 ? [] : workload)],
    allow("AccessTokens", ["bedrock-agentcore:GetResourceOauth2Token"], resourcesOf(list.filter(isAccessToken))),
    allow("Consents", ["bedrock-agentcore:CompleteResourceTokenAuth"], resourcesOf(list.filter(isUserCredential))),
    allow(
      "ApiKeys",
      ["bedrock-agentcore:GetResourceApiKey"],
      resourcesOf(fromProviders.filter(({ kind }) => kind === "ApiKey"))
    ),
    allow("ProviderSecrets", ["secretsmanager:GetSecretValue"], unique(fromProviders.flatMap(secretsOf))),
    allow(
      "SigningKeys",
      ["kms:DescribeKey", "kms:Sign"],
      unique(access.flatMap(({ signingKey }) => signingKey === undefined ? [] : [signingKey]))
    ),
    allow("ProviderJwts", ["sts:GetWebIdentityToken"], access.some(({ awsJwt }) => awsJwt === true) ? [arns.self] : []),
    ...list.filter((credential) => credential.kind === "IamAccessToken").flatMap(allowIamTokens(arns.self))
  ])
}
