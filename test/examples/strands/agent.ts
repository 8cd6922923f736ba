// An agent of Strands. Its tool acts for the user. If the user has to consent, the agent is interrupted.
import { Agent, type InvokeArgs, type Model, type Snapshot, tool } from "@strands-agents/sdk"
import * as Consent from "effect-agentcore-identity/Consent"
import { reveal, runWithContext, withAccessToken, workload } from "effect-agentcore-identity/promise/Identity"
import { z } from "zod"

const readReport = withAccessToken({
  providerName: "reports",
  scopes: ["reports:read", "offline_access"],
  authFlow: "USER_FEDERATION",
  callbackUrl: process.env["RETURN_URL"] ?? "http://127.0.0.1:8765/consent"
})(async (topic: string, token: string) => {
  const response = await fetch(`${process.env["REPORTS_API"]}/${topic}`, {
    headers: { authorization: `Bearer ${token}` }
  })
  return response.text()
})

/** Shows the link to the user, and to no other person. */
export type Show = (provider: string, link: string) => void

const makeTool = (show: Show) =>
  tool({
    name: "read_report",
    description: "Reads a report",
    inputSchema: z.object({ topic: z.string() }),
    callback: async ({ topic }, context) => {
      try {
        return await readReport(topic)
      } catch (error) {
        const consent = Consent.fromError(error)
        if (consent === undefined || context === undefined) throw error
        // The link is not part of the interrupt, because a snapshot stores that in clear.
        show(consent.provider, reveal(consent.link))
        context.interrupt({ name: "connect", reason: consent.provider })
        // Here the user has come back without consent. When the agent resumes, Strands runs the tool from its start.
        return `The user has not connected '${consent.provider}'.`
      }
    }
  })

export interface Turn {
  readonly model: Model
  readonly show: Show
  /** The signed-in user. They may read the snapshot. */
  readonly userId: string
  /** The conversation so far. */
  readonly snapshot?: Snapshot | undefined
  /** What the user says, or the ids of the interrupts that end. */
  readonly input: string | ReadonlyArray<string>
}

/** Runs a turn. The snapshot can be stored as JSON. */
export const ask = ({ input, model, show, snapshot, userId }: Turn) =>
  runWithContext({ workload: workload({ name: "my-agent", user: { userId } }) }, async () => {
    const agent = new Agent({ model, tools: [makeTool(show)], printer: false })
    if (snapshot !== undefined) agent.loadSnapshot(snapshot)
    const args: InvokeArgs = typeof input === "string"
      ? input
      : input.map((interruptId) => ({ interruptResponse: { interruptId, response: "connected" } }))
    const { interrupts = [], lastMessage, stopReason } = await agent.invoke(args)
    const text = lastMessage.content.flatMap((block) => block.type === "textBlock" ? [block.text] : []).join("")
    return {
      text: stopReason === "interrupt" ? undefined : text,
      interrupts: interrupts.map(({ id }) => id),
      snapshot: agent.takeSnapshot({ preset: "session" })
    }
  })
