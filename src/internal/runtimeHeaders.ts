/** The names of the headers that AgentCore Runtime sends to an agent, in lower case. */

/** The header of the workload access token from hop to hop. */
export const identityWat = "x-amz-bedrock-agentcore-identity-wat"

/**
 * The three names of the workload access token. The first present header counts. The SDKs read the first two, in this
 * order.
 */
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
