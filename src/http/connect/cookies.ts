/**
 * The sessions that a browser has started, in sealed cookies of this browser. So the pages need no store, and the
 * processes that serve them share only the `formKey`.
 *
 * A cookie does not prove who consented: the user who starts a session knows its URI. The state of the session does,
 * because AgentCore returns it only to the browser that has consented.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"
import { retentionAfterExpiry } from "../../internal/consentStoreError.js"
import * as Constraint from "../../internal/models/constraint.js"
import { deriveKey, importKey, open, seal } from "../../internal/sealing.js"

/** nginx by default rejects a request with more than 8 KB of cookies, and the application has cookies of its own. */
const maxCookies = 8
const maxTotal = 5000

/** nginx by default rejects a response with more than 4 KB of headers. Characters. */
const maxSize = 2400

/** Milliseconds. After a session has expired, the page can still say so. */
const lifetime = Constraint.sessionLifetime + retentionAfterExpiry

const Started = Schema.Struct({
  session: Schema.String,
  /** Another user of the same browser must not complete the session. */
  user: Schema.String,
  /** The JWT that the session was started with. AgentCore accepts no other one of the same user. */
  userToken: Constraint.optional(Schema.String),
  state: Constraint.optional(Schema.String),
  credential: Schema.String,
  continue: Constraint.optional(Schema.String),
  /** Milliseconds since the epoch. */
  expiresAt: Schema.Number,
  /** How it ended, for a user who reloads the page. */
  ended: Constraint.optional(Schema.Literals(["Completed", "Denied"]))
})

export type Started = typeof Started.Type

const decode = Schema.decodeUnknownOption(Started)

/** A cookie that a response sets. Without a value, it removes the cookie. */
export interface Cookie {
  readonly name: string
  readonly value: string
}

const sizeOf = ({ name, value }: Cookie): number => name.length + value.length + "=; ".length

/** All cookies of a request. A sibling domain can add one of the same name. */
const cookiesOf = (header = ""): ReadonlyArray<Cookie> =>
  header.split(";").map((pair) => {
    const [name = "", ...value] = pair.split("=")
    return { name: name.trim(), value: value.join("=").trim() }
  })

export type Cookies = Effect.Success<ReturnType<typeof make>>

/** `path` is that of the connections page, which the paths of the forms and of the return begin with. */
export const make = (secret: Uint8Array, { origin, path }: { readonly origin: string; readonly path: string }) =>
  Effect.map(importKey(deriveKey(secret, "effect-agentcore-identity/http/Connect sessions")), (key) => {
    const secure = origin.startsWith("https:")
    const prefix = `${secure ? "__Secure-" : ""}agentcore-consent-`
    const nameOf = (session: string): string => `${prefix}${hash("sha256", session, "base64url").slice(0, 16)}`

    const read = (start: string) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        Effect.forEach(
          // A sibling domain can plant names that a response cannot have.
          cookiesOf(headers["cookie"]).filter(({ name }) =>
            name.startsWith(start) && /^[\w-]+$/.test(name.slice(prefix.length))
          ),
          (cookie) =>
            Effect.map(
              Effect.option(open(cookie.value, () => key)),
              (value) => ({ cookie, started: Option.getOrUndefined(Option.flatMap(value, decode)) })
            )
        ))

    /** Seals as much as fits. Without its JWT, a session needs the same JWT at the return. */
    const sealOne = Effect.fnUntraced(function*(started: Started) {
      const name = nameOf(started.session)
      for (const parts of [{}, { userToken: undefined }, { userToken: undefined, continue: undefined }]) {
        const value = yield* seal({ ...started, ...parts }, key)
        if (value.length <= maxSize) return { name, value }
      }
      return { name, value: "" }
    })

    return {
      /** The session as this browser has kept it. */
      find: (session: string) =>
        Effect.zipWith(
          read(nameOf(session)),
          Clock.currentTimeMillis,
          (all, now) =>
            all.find(({ started }) => started?.session === session && now < started.expiresAt + retentionAfterExpiry)
              ?.started
        ),

      /** The cookies that keep one more session. The oldest sessions give way. */
      keep: Effect.fnUntraced(function*(started: Started) {
        const now = yield* Clock.currentTimeMillis
        const cookie = yield* sealOne(started)
        const others = (yield* read(prefix)).filter(({ cookie: { name } }) => name !== cookie.name)
          .map(({ cookie, started }) => ({ cookie, expiresAt: started?.expiresAt ?? 0 }))
          .sort((one, other) => other.expiresAt - one.expiresAt)
        let total = sizeOf(cookie)
        const removed = others.filter(({ cookie, expiresAt }, index) => {
          total += sizeOf(cookie)
          return index >= maxCookies - 1 || total > maxTotal
            || (expiresAt > 0 && expiresAt + retentionAfterExpiry <= now)
        })
        return [cookie, ...removed.slice(0, maxCookies).map(({ cookie: { name } }) => ({ name, value: "" }))]
      }),

      /** Adds cookies to a response. */
      addTo: (response: HttpServerResponse.HttpServerResponse, cookies: ReadonlyArray<Cookie>) =>
        cookies.reduce(
          (response, { name, value }) =>
            HttpServerResponse.setCookieUnsafe(response, name, value, {
              httpOnly: true,
              maxAge: value === "" ? 0 : lifetime,
              path,
              // The browser comes from the site of AgentCore.
              sameSite: "lax",
              secure
            }),
          response
        )
    }
  })
