/** The names of the headers that AgentCore Runtime sends to an agent, in lower case. */

/** The header that propagates the workload access token to the next agent or gateway. */
export const identityWat = "x-amz-bedrock-agentcore-identity-wat"

/** The three headers of the workload access token. The first present one counts. The SDKs read only the first two. */
export const workloadAccessToken = [
  identityWat,
  "workloadaccesstoken",
  "x-amzn-bedrock-agentcore-runtime-workload-accesstoken"
] as const

export const sessionId = "x-amzn-bedrock-agentcore-runtime-session-id"

export const requestId = "x-amzn-bedrock-agentcore-runtime-request-id"

export const callbackUrl = "oauth2callbackurl"

export const customPrefix = "x-amzn-bedrock-agentcore-runtime-custom-"

/** The message for an invocation without a workload access token. */
export const missingToken =
  "The request has no workload access token. AgentCore Runtime sends one when the agent is invoked for a user: with a JWT, or with SigV4 and the header X-Amzn-Bedrock-AgentCore-Runtime-User-Id (runtimeUserId of the SDKs)"
