import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { httpClient, inFiber } from "./ours.mjs"

export const { obtain, repeat } = inFiber(await httpClient(FetchHttpClient.layer))
