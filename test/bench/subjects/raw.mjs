import { BedrockAgentCoreClient, GetResourceOauth2TokenCommand } from "@aws-sdk/client-bedrock-agentcore"
import { awsRequest } from "../fixture.mjs"
import { promised } from "./promised.mjs"

const client = new BedrockAgentCoreClient({})

export const { obtain, repeat } = promised(async () => {
  const response = await client.send(new GetResourceOauth2TokenCommand(awsRequest))
  return response.accessToken
})
