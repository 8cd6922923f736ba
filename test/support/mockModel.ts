/** A model of `effect/ai` that calls a tool for each question, and repeats the results of its tools. */
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

interface MockModel {
  readonly model: LanguageModel.LanguageModel
  /** What the model has seen: one text for each call. */
  readonly seen: Array<string>
}

const usage: Response.FinishPartEncoded["usage"] = {
  inputTokens: { uncached: 1, total: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}

/** The user's last message names the tools, as in `list_events send_mail{"to":"bob"}`. */
export const make: Effect.Effect<MockModel> = Effect.gen(function*() {
  const seen: Array<string> = []
  let calls = 0
  const respond = ({ prompt }: LanguageModel.ProviderOptions): ReadonlyArray<Response.PartEncoded> => {
    seen.push(JSON.stringify(prompt.content))
    const last = prompt.content.at(-1)
    const parts = typeof last?.content === "string" ? [] : last?.content ?? []
    const results = parts.flatMap((part) => part.type === "tool-result" ? [JSON.stringify(part.result)] : [])
    const names = last?.role === "user"
      ? parts.flatMap((part) => part.type === "text" ? part.text.split(" ") : [])
      : []
    return names.length > 0
      ? [
        ...names.map((call) => {
          const [, name = "", params = "{}"] = /^(\w+)(\{.*)?$/.exec(call) ?? []
          return { type: "tool-call", id: `call-${++calls}`, name, params: JSON.parse(params) as object } as const
        }),
        { type: "finish", reason: "tool-calls", usage }
      ]
      : [{ type: "text", text: results.join(" ") }, { type: "finish", reason: "stop", usage }]
  }
  const model = yield* LanguageModel.make({
    generateText: (options) => Effect.sync(() => [...respond(options)]),
    streamText: (options) =>
      Stream.suspend(() =>
        Stream.fromIterable(
          respond(options).flatMap((part): ReadonlyArray<Response.StreamPartEncoded> =>
            part.type === "text"
              ? [
                { type: "text-start", id: "text" },
                { type: "text-delta", id: "text", delta: part.text },
                { type: "text-end", id: "text" }
              ]
              : [part as Response.StreamPartEncoded]
          )
        )
      )
  })
  return { model, seen }
})
