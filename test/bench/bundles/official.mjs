import { withAccessToken } from "bedrock-agentcore/identity"
import { officialRequest } from "../fixture.mjs"

export const obtain = withAccessToken(officialRequest)(async (accessToken) => accessToken)
