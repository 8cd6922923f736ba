import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { httpClient, inFiber } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await httpClient(FetchHttpClient.layer))
