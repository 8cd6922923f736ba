import { inFiber, uncached } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await uncached())
