import { withAccessToken } from "bedrock-agentcore/identity"
import { officialRequest } from "../fixture.mjs"
import { promised } from "./promised.mjs"

export const { obtain, repeat } = promised(withAccessToken(officialRequest)(async (accessToken) => accessToken))
