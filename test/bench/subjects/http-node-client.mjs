import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { httpClient, inFiber } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await httpClient(NodeHttpClient.layerNodeHttp))
