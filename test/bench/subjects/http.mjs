import { http, inFiber } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await http())
