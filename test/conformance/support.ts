/**
 * The table of what is supported, made from the schemas of the AWS clients: every operation of AgentCore Identity,
 * every member of its requests and responses, every vendor.
 */
import * as ControlClient from "@aws-sdk/client-bedrock-agentcore-control"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as Redacted from "effect/Redacted"
import * as Ours from "../support/operations.js"
import { vendors } from "../support/requests.js"
import { type Operation, operations as clientOperations, stsOperations } from "../support/serviceModel.js"
import { ofClient, ofSchema, type Shape } from "../support/shape.js"
import { WireRoutes } from "../support/wire.js"
import { countBases } from "./statement.js"
import { statements } from "./statements.js"

/** The paths of all members, at any depth. */
const paths = (shape: Shape, path = ""): ReadonlyArray<string> => [
  ...Object.entries(shape.members ?? {}).flatMap((
    [name, member]
  ) => [`${path}.${name}`, ...paths(member, `${path}.${name}`)]),
  ...[shape.item, shape.value].flatMap((inner) => inner === undefined ? [] : paths(inner, path))
]

/** A token response is a closed union in code, and has these members on the wire. */
const tokenResponses: ReadonlyArray<DataPlane.TokenResponse> = [
  new DataPlane.Issued({ accessToken: Redacted.make("token") }),
  new DataPlane.ConsentRequired({ authorizationUrl: Redacted.make("url"), sessionUri: Redacted.make("uri") }),
  new DataPlane.Failed()
]

const tokenResponsePaths = tokenResponses.flatMap((response) =>
  Object.keys(DataPlane.operations.getResourceOauth2Token.response.encode(response) ?? {}).map((name) => `.${name}`)
)

const requests = new Map([
  ...Ours.requests,
  ...Object.values(SecurityTokenService.operations).map(({ name, request }) => [name, request.ast] as const)
])

const served = new Set([
  ...[...WireRoutes.dataPlane.values(), ...WireRoutes.controlPlane.values()].flat().map(({ name }) => name),
  ...Object.values(SecurityTokenService.operations).map(({ name }) => name)
])

interface Support {
  readonly operation: string
  readonly served: boolean
  readonly missingInputs: ReadonlyArray<string>
  readonly missingOutputs: ReadonlyArray<string>
  readonly inputs: number
  readonly outputs: number
}

/** STS begins the names of its members with a capital letter, and its tags are a list, which is a map in code. */
const without = (theirs: ReadonlyArray<string>, ours: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = new Set([...ours.map((path) => path.toLowerCase()), ".tags.key", ".tags.value"])
  return theirs.filter((path) => !known.has(path.toLowerCase()))
}

const supportOf = ({ input, name, output, shapes }: Operation): Support => {
  const request = requests.get(name)
  const response = Ours.allResponses.get(name)
  const ours = {
    inputs: request === undefined ? [] : paths(ofSchema(request)),
    outputs: name === "GetResourceOauth2Token"
      ? tokenResponsePaths
      : response === undefined
      ? []
      : paths(ofSchema(response.ast))
  }
  const inputs = paths(ofClient(shapes, input))
  const outputs = paths(ofClient(shapes, output))
  return {
    operation: name,
    served: served.has(name),
    inputs: inputs.length,
    outputs: outputs.length,
    missingInputs: without(inputs, ours.inputs),
    missingOutputs: without(outputs, ours.outputs)
  }
}

const sts = Object.values(SecurityTokenService.operations).map(({ name }) => name)

export const support: ReadonlyArray<Support> = [...clientOperations, ...stsOperations(sts)].map(supportOf)

const clientVendors = Object.values(ControlClient.CredentialProviderVendorType)

const clientPaymentVendors = Object.values(ControlClient.PaymentCredentialProviderVendorType)

/** The vendors that the AWS client knows, and we do not. */
export const missingVendors = clientVendors.filter((vendor) => !Object.hasOwn(vendors, vendor))

/** The rows of the table, with a pattern for the names of their operations. */
const rows: ReadonlyArray<readonly [title: string, pattern: RegExp]> = [
  ["workload access tokens", /^(GetWorkloadAccessToken)(.*)$/],
  ["tokens, keys, consent", /^(.*Resource(?:Oauth2Token|ApiKey|PaymentToken|TokenAuth))()$/],
  ["workload identities", /^(.*)(WorkloadIdentit)/],
  ["OAuth2 credential providers", /^(.*)(Oauth2CredentialProvider)/],
  ["API key credential providers", /^(.*)(ApiKeyCredentialProvider)/],
  ["payment credential providers", /^(.*)(PaymentCredentialProvider)/],
  ["consent portals", /^(.*)(ConsentPortal)/],
  ["token vault", /^(.*TokenVault.*)()$/],
  ["tags", /^(.*Resource)()$/],
  ["STS", /^(.*)()$/]
]

const verbs = new Set(["Create", "Get", "Update", "Delete", "List"])

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)

const ratio = (missing: ReadonlyArray<number>, all: ReadonlyArray<number>): string =>
  `${sum(all) - sum(missing)}/${sum(all)}`

const toRow = (title: string, members: ReadonlyArray<Support>, pattern: RegExp): string => {
  const names = members.map(({ operation }) => {
    const [, verb = ""] = pattern.exec(operation) ?? []
    return verbs.has(verb) ? verb : `\`${operation}\``
  })
  const missing = members.filter(({ served }) => !served).map(({ operation }) => ` (not served: ${operation})`)
  return `| ${title} | ${names.join(", ")}${missing.join("")} | ${
    ratio(members.map(({ missingInputs }) => missingInputs.length), members.map(({ inputs }) => inputs))
  } | ${ratio(members.map(({ missingOutputs }) => missingOutputs.length), members.map(({ outputs }) => outputs))} |`
}

const makeTable = (): string => {
  let left = support
  const lines = rows.flatMap(([title, pattern]) => {
    const members = left.filter(({ operation }) => pattern.test(operation))
    left = left.filter((member) => !members.includes(member))
    return members.length === 0 ? [] : [toRow(title, members, pattern)]
  })
  const missing = missingVendors.length === 0 ? "" : `, not ${missingVendors.join(", ")}`
  return [
    "| | operations | members of requests | members of responses |",
    "| --- | --- | --- | --- |",
    ...lines,
    `| vendors | ${
      clientVendors.length - missingVendors.length
    }/${clientVendors.length}${missing}, payments ${clientPaymentVendors.length}/${clientPaymentVendors.length} | | |`
  ].join("\n")
}

const begin = "<!-- support: node test/conformance/support.mjs -->"

const end = "<!-- support ends -->"

const counts = /\d+ statements about AgentCore Identity: \d+ recorded by AWS,\s\d+ documented,\s\d+ guessed/

/** Returns the guide of the local server with the current number of statements, recorded, documented and guessed. */
export const withCounts = (guide: string): string => {
  if (!counts.test(guide)) throw new Error("The guide has no sentence about the statements")
  return guide.replace(counts, `${statements.length} statements about AgentCore Identity: ${countBases(statements)}`)
}

/** Returns the guide of the local server with the current table. */
export const withTable = (guide: string): string => {
  const [before, rest] = guide.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`The guide has no '${begin}' and '${end}'`)
  return `${before}${begin}\n${makeTable()}\n${end}${after}`
}
