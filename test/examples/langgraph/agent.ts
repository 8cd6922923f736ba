// A graph of LangGraph.js. Its tool acts for the user. If the user has to consent, the graph is interrupted.
import type { BaseChatModel } from "@langchain/core/language_models/chat_models"
import { HumanMessage } from "@langchain/core/messages"
import { tool } from "@langchain/core/tools"
import {
  type BaseCheckpointSaver,
  Command,
  END,
  interrupt,
  MessagesAnnotation,
  START,
  StateGraph
} from "@langchain/langgraph"
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt"
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

const makeGraph = (model: BaseChatModel, checkpointer: BaseCheckpointSaver, show: Show) => {
  const tools = [tool(
    async ({ topic }) => {
      try {
        return await readReport(topic)
      } catch (error) {
        const consent = Consent.fromError(error)
        if (consent === undefined) throw error
        // The link is not part of the interrupt, because the checkpoint stores that in clear.
        show(consent.provider, reveal(consent.link))
        interrupt({ connect: consent.provider })
        // Here the user has come back without consent. When the graph resumes, LangGraph runs the tool from its start.
        return `The user has not connected '${consent.provider}'.`
      }
    },
    { name: "read_report", description: "Reads a report", schema: z.object({ topic: z.string() }) }
  )]
  const bound = model.bindTools?.(tools) ?? model
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await bound.invoke(messages)] }))
    .addNode("tools", new ToolNode(tools))
    .addEdge(START, "agent")
    .addConditionalEdges("agent", toolsCondition, ["tools", END])
    .addEdge("tools", "agent")
    .compile({ checkpointer })
}

export interface Turn {
  readonly model: BaseChatModel
  readonly checkpointer: BaseCheckpointSaver
  readonly show: Show
  /** The signed-in user. They may read the thread. */
  readonly userId: string
  readonly thread: string
  /** What the user says. Without it, the interrupted turn goes on. */
  readonly input?: string
}

/** Runs a turn. Returns the model's last words, or `undefined` if the graph waits for the user. */
export const ask = ({ checkpointer, input, model, show, thread, userId }: Turn) =>
  runWithContext({ workload: workload({ name: "my-agent", user: { userId } }) }, async () => {
    const graph = makeGraph(model, checkpointer, show)
    const config = { configurable: { thread_id: thread } }
    const state = await graph.invoke(
      input === undefined ? new Command({ resume: "connected" }) : { messages: [new HumanMessage(input)] },
      config
    )
    return (await graph.getState(config)).next.length > 0 ? undefined : state.messages.at(-1)?.text
  })
