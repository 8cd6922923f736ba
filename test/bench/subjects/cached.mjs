import { cached, inFiber } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await cached())
