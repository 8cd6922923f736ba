/**
 * A statement about AgentCore Identity, which holds at AWS and over the local server, and what it may use.
 */
import type { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import type { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
import type { STS } from "@aws-sdk/client-sts"
import { AssertionError } from "node:assert/strict"

/** A raw response of the service. */
export interface Exchange {
  readonly host: string
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** The AWS clients. */
export interface Clients {
  readonly control: BedrockAgentCoreControl
  readonly data: BedrockAgentCore
  readonly sts: STS
}

/** The service under test, for one statement. */
export interface World extends Clients {
  /** A unique name with the prefix of this run. */
  readonly name: () => string
  /** The last response, of any client. */
  readonly lastExchange: () => Exchange
  /** Changes the JSON of the next request, which the client then signs. */
  readonly changeNextRequest: (change: (json: Readonly<Record<string, unknown>>) => object) => void
}

/** A client that is registered at an authorization server. */
export interface OAuthClient {
  readonly discoveryUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

/** A request to the token endpoint of the recorder. */
export interface TokenRequest {
  readonly parameters: URLSearchParams
  /** Whether the client uses an `Authorization: Basic` header. */
  readonly basic: boolean
}

/** An authorization server that consents without a user, records requests, and responds as a statement requires. */
export interface Recorder {
  readonly discoveryUrl: string
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** The discovery URL of metadata whose token endpoint is not https. */
  readonly insecureDiscoveryUrl: string
  /** The queries of this client's authorization requests. */
  readonly authorizations: (clientId: string) => ReadonlyArray<URLSearchParams>
  /** This client's requests for tokens. A client that authenticates by a JWT is found by the JWT's subject. */
  readonly tokens: (clientId: string) => ReadonlyArray<TokenRequest>
  /** How it responds to this client. By default, with a new opaque token each time. */
  readonly respond: (
    clientId: string,
    respond: (request: TokenRequest, index: number) => { readonly status?: number; readonly body: object }
  ) => void
}

/** Parts that only a service on this machine has. */
export interface Parts {
  /** A client at an authorization server that the service reaches. */
  readonly authorizationServer: OAuthClient
  /** A user who signs in at that authorization server and decides the consent. Returns the last page. */
  readonly consent: (
    authorizationUrl: string,
    userName: string,
    decision: "allow" | "deny"
  ) => Promise<{ readonly status: number; readonly url: string; readonly text: string }>
  readonly recorder: Recorder
  /** Opens a URL of a consent at the recorder, which allows. Returns the last URL. */
  readonly browse: (authorizationUrl: string) => Promise<string>
  /** A JWT of a user, of an issuer that the service trusts. `lifetime` in seconds. `forged`: of another key. */
  readonly userToken: (
    claims: { readonly sub: string; readonly aud?: string },
    options?: { readonly lifetime?: number; readonly forged?: boolean }
  ) => Promise<string>
  /** Expires a session, as ten minutes do. */
  readonly expire: (sessionUri: string) => Promise<void>
  /** A secret in Secrets Manager, a key in KMS, and a workload identity that belongs to a service. */
  readonly account: {
    readonly secret: { readonly secretId: string; readonly jsonKey: string; readonly value: string }
    readonly kmsKeyArn: string
    /** The public key for ES256, in PEM. */
    readonly kmsPublicKey: string
    readonly serviceLinked: string
  }
  /** A caller with an IAM policy. `restrictedStatements` of the local service are its statements. */
  readonly restricted: Pick<Clients, "control" | "data" | "sts">
  /** A gateway, with the role of its consent portal. */
  readonly gateway: { readonly identifier: string; readonly other: string; readonly roleArn: string }
  /** Nobody else uses the account: quotas can be used up, and the token vault changed. */
  readonly wholeAccount: true
}

export type Need = keyof Parts

/** A quoted sentence of a document. */
interface Quote {
  /** An address, or the name of the document. */
  readonly document: string
  readonly text: string
  /** Whether the document says what somebody saw the live service do. */
  readonly isRecorded?: boolean
}

/** Where a statement comes from. Without a quote, all of it is a guess. */
export interface Source {
  readonly quotes: ReadonlyArray<Quote>
  /** The part without a quote, and why the statement has it nevertheless. */
  readonly guess?: string | undefined
}

/**
 * - `recorded`: somebody saw the live service do it
 * - `documented`: a document of AWS or of the protocol says it
 * - `guessed`: at least a part has no source
 */
type Basis = "recorded" | "documented" | "guessed"

export const bases: ReadonlyArray<Basis> = ["recorded", "documented", "guessed"]

export const basisOf = ({ guess, quotes }: Source): Basis =>
  guess !== undefined ? "guessed" : quotes.some(({ isRecorded }) => isRecorded) ? "recorded" : "documented"

/** Counts statements by their basis: `12 recorded by AWS, 34 documented, 5 guessed`. */
export const countBases = (all: ReadonlyArray<{ readonly source: Source }>): string => {
  const count = (basis: Basis) => all.filter(({ source }) => basisOf(source) === basis).length
  return `${count("recorded")} recorded by AWS, ${count("documented")} documented, ${count("guessed")} guessed`
}

export interface Statement {
  readonly id: string
  readonly statement: string
  readonly source: Source
  readonly needs: ReadonlyArray<Need>
  readonly run: (world: World, parts: Parts) => Promise<void>
}

export const statement = <const N extends ReadonlyArray<Need> = readonly []>(
  row: Omit<Statement, "needs" | "run"> & {
    readonly needs?: N
    readonly run: (world: World, parts: Pick<Parts, N[number]>) => Promise<void>
  }
): Statement => ({ needs: [], ...row })

/** A page of the developer guide. */
export const guide = (page: string): string =>
  `https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/${page}.html`

/** The service models: members, constraints and HTTP traits. */
export const model = "service models of bedrock-agentcore and bedrock-agentcore-control (botocore 1.43.67)"

/** The documentation in the service models, which the AWS clients have as comments. */
export const reference = "documentation in the service models (AWS SDK for JavaScript)"

export const smithy = "https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html"

/** An issue, a pull request or a sample on GitHub. */
export const github = (path: string): string => `https://github.com/${path}`

/** The protocol tests of Smithy. */
export const smithyTest = (file: string): string =>
  github(`smithy-lang/smithy/blob/main/smithy-aws-protocol-tests/model/restJson1/${file}`)

/** The samples of AWS about authentication. */
export const sample = (path: string): string =>
  github(`awslabs/agentcore-samples/blob/main/01-features/05-authenticate-and-authorize/${path}`)

/** A solution of AWS, whose comments describe the live service. */
export const codingAgents = (path: string): string =>
  github(`aws-samples/sample-autonomous-cloud-coding-agents/blob/main/${path}`)

/** Quotes a document. */
export const cite = (document: string, ...texts: ReadonlyArray<string>): Source => ({
  quotes: texts.map((text) => ({ document, text }))
})

/** Quotes a recording of the live service, or a report of somebody who used it. */
export const recorded = (document: string, ...texts: ReadonlyArray<string>): Source => ({
  quotes: texts.map((text) => ({ document, text, isRecorded: true }))
})

/** Responses of the live service, 2026-07-22 to 2026-09-08. `file` is below `src/handlers/identity`. */
export const recordedByCli = (file: string, ...texts: ReadonlyArray<string>): Source =>
  recorded(github(`aws/agentcore-cli/blob/main/src/handlers/identity/${file}`), ...texts)

/** Responses of the live STS to raw requests, 2026-09-11. */
export const recordedSts = (file: "identity" | "issuance" | "lifecycle", ...texts: ReadonlyArray<string>): Source =>
  recorded(github(`radkawar/stackd/blob/main/testdata/aws/iam/outbound_${file}.json`), ...texts)

/** Notes of people who used the live service, which have no stable address. */
export const notes = {
  /** With ids of requests. */
  researcher: "notes of a security researcher, agentcore-obo-findings (run vh-obo-20260917, 2026-09-17)",
  runtime: "notes about on-behalf-of in AgentCore Runtime (D60 test runtime, 2026-10-06)",
  gateway: "comments about a gateway target with Amazon Cognito (2026-09-28, run 13)",
  calls: "a report about machine tokens of the live service (2026-09-28)",
  cognito: "output of the AWS CLI about a CognitoOauth2 provider (2026-04)",
  denial: "recordings of the live STS (radkawar/stackd, testdata/aws/iam/outbound_*.json, 2026-09-11)",
  secrets: "two reports about secrets of the live service (2026-11)",
  permissions: "a request for permissions with an error of the live service (2026-04-28)",
  workshop: "notes about policies of a workshop, which were probed on the live service (workshop-iam-policy, 2026-09)",
  guide: "a copy of the developer guide, private-key-jwt (2026-11)",
  botocore: "documentation in the service models (botocore, shape PrivateKeyJwtConfig)"
}

/** Combines the quotes of several sources. */
export const combine = (...sources: ReadonlyArray<Source>): Source => ({
  quotes: sources.flatMap(({ quotes }) => quotes)
})

/** The part that the sources do not contain, and why the statement has it nevertheless. */
export const guess = (reason: string, ...sources: ReadonlyArray<Source>): Source => ({
  ...combine(...sources),
  guess: reason
})

/** The descriptions of the exceptions in the models. */
export const exceptions = {
  notFound: cite(reference, "This exception is thrown when a resource referenced by the operation does not exist"),
  unauthorized: cite(
    reference,
    "This exception is thrown when the JWT bearer token is invalid or not found for OAuth bearer token based access"
  ),
  quota: cite(reference, "This exception is thrown when a request is made beyond the service quota"),
  conflict: cite(reference, "This exception is thrown when there is a conflict performing an operation"),
  invalid: cite(reference, "The input fails to satisfy the constraints specified by the service.")
}

/** Thrown when the account lacks the subject of a statement. */
export class NotApplicable extends Error {}

/** A difference between the statement and the service. */
export const differs = (expected: string, observed: string): never => {
  throw new AssertionError({ message: `expected ${expected}; observed ${observed}` })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** Properties of an error of the AWS clients. */
interface Rejection {
  readonly name: string
  readonly message: string
  readonly status: number | undefined
  readonly fields: ReadonlyArray<string>
}

const toRejection = (error: unknown): Rejection => {
  if (!(error instanceof Error) || !("$metadata" in error) || !isObject(error.$metadata)) throw error
  const { httpStatusCode } = error.$metadata
  const fieldList: ReadonlyArray<unknown> = "fieldList" in error && Array.isArray(error.fieldList)
    ? error.fieldList
    : []
  return {
    name: error.name,
    message: error.message,
    status: typeof httpStatusCode === "number" ? httpStatusCode : undefined,
    fields: fieldList.flatMap((field) => isObject(field) ? [String(field["name"])] : [])
  }
}

/** Asserts that the call is rejected in this way. */
export const rejects = async (
  call: Promise<unknown>,
  expected: { readonly name?: string; readonly status: number; readonly message?: string | RegExp }
): Promise<Rejection> => {
  const description = [
    String(expected.status),
    expected.name ?? "an exception",
    ...expected.message === undefined ? [] : [`with the message ${String(expected.message)}`]
  ].join(" ")
  const rejection = await call.then(
    (response) =>
      differs(
        description,
        `success: ${JSON.stringify(response, (key, value) => key === "$metadata" ? undefined : value)}`
      ),
    toRejection
  )
  const { message, name, status = 0 } = rejection
  const isExpected = status === expected.status
    && (expected.name === undefined || name === expected.name)
    && (expected.message === undefined
      || (typeof expected.message === "string" ? message.includes(expected.message) : expected.message.test(message)))
  return isExpected ? rejection : differs(description, `${status} ${name}: ${message}`)
}

/** Asserts that the value equals another one, or matches it. */
export const is = (subject: string, observed: unknown, expected: unknown): void => {
  const [a, b] = [JSON.stringify(observed), JSON.stringify(expected)]
  const isEqual = expected instanceof RegExp ? typeof observed === "string" && expected.test(observed) : a === b
  if (!isEqual) differs(`${subject} to be ${expected instanceof RegExp ? String(expected) : b}`, String(a))
}

/** Asserts that the value is present. */
export const present = <A>(subject: string, value: A | null | undefined): A =>
  value ?? differs(`${subject} to be there`, String(value))
