import type { User } from "effect-agentcore-identity/promise/Identity"
import { jwtVerify, SignJWT } from "jose"
import { cookies } from "next/headers"

interface Session {
  readonly userId?: string
  /** Where a user continues after the sign-in. */
  readonly to?: string
}

export const origin = process.env.ORIGIN ?? "http://localhost:3000"

/** Signs the cookie. `next build` has no secret, and needs none. */
const secret = (): Uint8Array => {
  const { SESSION_SECRET } = process.env
  if (SESSION_SECRET === undefined) throw new Error("Set SESSION_SECRET, which signs the cookie of the session")
  return new TextEncoder().encode(SESSION_SECRET)
}

export const readSession = async (): Promise<Session> => {
  const cookie = (await cookies()).get("session")
  if (cookie === undefined) return {}
  // A cookie with a wrong signature, or an old one, is no session.
  return jwtVerify<Session>(cookie.value, secret()).then(({ payload }) => payload, () => ({}))
}

export const writeSession = async (session: Session): Promise<void> => {
  const cookie = await new SignJWT({ ...session }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("8 hours")
    .sign(secret())
  const store = await cookies()
  store.set("session", cookie, {
    httpOnly: true,
    // The browser comes back from another site after consent: `strict` would hide the session from `/connect/return`.
    sameSite: "lax",
    secure: origin.startsWith("https:")
  })
}

/** The user who is signed in. The agent and the pages need the same user. */
export const currentUser = async (): Promise<User | undefined> => {
  const { userId } = await readSession()
  return userId === undefined ? undefined : { userId }
}

export const redirect = (to: string): Response => new Response(null, { status: 303, headers: { location: to } })

export const html = (body: string): Response =>
  new Response(`<!doctype html>${body}`, { headers: { "content-type": "text/html; charset=utf-8" } })
