import * as Effect from "effect/Effect"
import { agent, caller } from "./agent.ts"
import { laptop, setUp } from "./laptop.ts"

const program = Effect.andThen(setUp, agent).pipe(Effect.provide(caller), Effect.provide(laptop))

console.log(await Effect.runPromise(program))
