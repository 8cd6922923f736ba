import { byPromise, uncached } from "./ours.mjs"

export const { obtain, repeat } = await byPromise(await uncached())
