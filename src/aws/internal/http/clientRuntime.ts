/**
 * What the adapter finds without Node: an `HttpClient`, the hash of the program, and the environment as configuration.
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Identities from "../credentials.js"
import { noProfile, type Runtime } from "./adapter.js"
import * as ClientTransport from "./client.js"
import { type HashConstructor, WebCryptoHash } from "./hash.js"

export const runtime = (
  hash: HashConstructor | undefined
): Effect.Effect<Runtime, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => ({
    transport: ClientTransport.make(client),
    hash: hash ?? WebCryptoHash,
    profile: noProfile,
    region: Effect.succeedNone,
    credentials: Effect.map(
      Identities.fromEnvironment,
      Option.match({ onNone: () => Identities.nothing, onSome: Identities.always })
    )
  }))
