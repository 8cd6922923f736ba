import { byPromise, cached } from "./ours.mjs"

export const { obtain, repeat } = await byPromise(await cached())
