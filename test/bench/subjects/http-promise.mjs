import { byPromise, http } from "./ours.mjs"

export const { obtain, repeat } = await byPromise(await http())
