// An agent of the AI SDK. Its tool acts for the user, and the approval of the tool call is the user's consent.
import { generateText, isStepCount, type LanguageModel, type ModelMessage, tool } from "ai"
import * as Consent from "effect-agentcore-identity/Consent"
import { reveal, runWithContext, withAccessToken, workload } from "effect-agentcore-identity/promise/Identity"
import { z } from "zod"

const reports = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read", "offline_access"],
  authFlow: "USER_FEDERATION",
  callbackUrl: process.env["RETURN_URL"] ?? "http://127.0.0.1:8765/consent"
})

/** Rejects if the user has to consent. */
const connect = reports(async () => undefined)

const readReport = reports(async (topic: string, token: string) => {
  const response = await fetch(`${process.env["REPORTS_API"]}/${topic}`, {
    headers: { authorization: `Bearer ${token}` }
  })
  return response.text()
})

const tools = {
  read_report: tool({
    description: "Reads a report",
    inputSchema: z.object({ topic: z.string() }),
    execute: ({ topic }) => readReport(topic)
  })
}

export interface Approval {
  readonly approvalId: string
  readonly provider: string
  /** For the user, and for no other person. It is not part of the messages. */
  readonly link: string
}

/** Runs a turn. The messages can be stored, and the turn goes on with `approve`. */
export const ask = (model: LanguageModel, userId: string, messages: ReadonlyArray<ModelMessage>) =>
  runWithContext({ workload: workload({ name: "my-agent", user: { userId } }) }, async () => {
    const consents = new Map<string, Consent.Required>()
    const { content, response, text } = await generateText({
      model,
      messages: [...messages],
      tools,
      stopWhen: isStepCount(5),
      toolApproval: {
        read_report: async (_, { toolCallId }) => {
          try {
            return await connect()
          } catch (error) {
            const consent = Consent.fromError(error)
            if (consent === undefined) throw error
            consents.set(toolCallId, consent)
            return "user-approval"
          }
        }
      }
    })
    const approvals = content.flatMap((part): Array<Approval> => {
      if (part.type !== "tool-approval-request") return []
      const consent = consents.get(part.toolCall.toolCallId)
      return consent === undefined
        ? []
        : [{ approvalId: part.approvalId, provider: consent.provider, link: reveal(consent.link) }]
    })
    return { text, approvals, messages: [...messages, ...response.messages] }
  })

/** The message that runs the tool, once the user has come back. */
export const approve = (approvalId: string): ModelMessage => ({
  role: "tool",
  content: [{ type: "tool-approval-response", approvalId, approved: true }]
})
