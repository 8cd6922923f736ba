import { BedrockAgentCoreClient } from "@aws-sdk/client-bedrock-agentcore"
import { BedrockAgentCoreControlClient } from "@aws-sdk/client-bedrock-agentcore-control"
import { STSClient } from "@aws-sdk/client-sts"
import { assert, describe, it } from "@effect/vitest"
import { hasProperty } from "effect/Predicate"
import { HttpAdapter } from "../../../support/uncheckedPlanes.js"

const regions = [
  "us-east-1",
  "us-west-2",
  "eu-central-1",
  "ap-southeast-2",
  "me-central-1",
  "il-central-1",
  "mx-central-1",
  "af-south-1",
  "cn-north-1",
  "cn-northwest-1",
  "us-gov-east-1",
  "us-gov-west-1",
  "us-iso-east-1",
  "us-iso-west-1",
  "us-isob-east-1",
  "eu-isoe-west-1",
  "us-isof-south-1",
  "eusc-de-east-1",
  "xx-unknown-9"
]

const options = { region: "us-west-2", credentials: { accessKeyId: "a", secretAccessKey: "b" } }

const clients = {
  "bedrock-agentcore": new BedrockAgentCoreClient(options),
  "bedrock-agentcore-control": new BedrockAgentCoreControlClient(options),
  sts: new STSClient(options)
}

describe("regionalEndpoint", () => {
  it("returns the endpoint of the AWS SDK, in every partition, with FIPS and dual-stack hosts", () => {
    for (const [service, { config }] of Object.entries(clients)) {
      assert(hasProperty(config, "endpointProvider") && typeof config.endpointProvider === "function")
      for (const Region of regions) {
        for (const UseFIPS of [false, true]) {
          for (const UseDualStack of [false, true]) {
            const { url } = config.endpointProvider({ Region, UseFIPS, UseDualStack, UseGlobalEndpoint: false }, {})
            assert.strictEqual(
              `${HttpAdapter.regionalEndpoint(service, Region, { fips: UseFIPS, dualStack: UseDualStack })}/`,
              String(url)
            )
          }
        }
      }
    }
  })
})
