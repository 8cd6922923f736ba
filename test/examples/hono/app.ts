import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import { AuthorizationFailed, RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import type { User } from "effect-agentcore-identity/promise/Identity"
import { type Context, Hono, type MiddlewareHandler } from "hono"
import { contextStorage, getContext } from "hono/context-storage"
import { getSignedCookie, setSignedCookie } from "hono/cookie"
import { csrf } from "hono/csrf"
import { readEvents } from "./calendar.ts"

const {
  CALENDAR_ISSUER: issuer = "https://calendar.example.com",
  ORIGIN: origin = "http://localhost:3000",
  SESSION_SECRET: secret
} = process.env
if (secret === undefined) throw new Error("Set SESSION_SECRET, which signs the cookie of the session")

// -----------------------------------------------------------------------------
// Sign-in
// -----------------------------------------------------------------------------

interface Session {
  readonly userId?: string
  /** Where a user continues after the sign-in. */
  readonly to?: string
}

const readSession = async (c: Context): Promise<Session> => {
  const json = await getSignedCookie(c, secret, "session")
  // A cookie with a wrong signature is `false`.
  return json ? JSON.parse(json) : {}
}

const writeSession = (c: Context, session: Session): Promise<void> =>
  setSignedCookie(c, "session", JSON.stringify(session), secret, {
    path: "/",
    httpOnly: true,
    // The browser comes back from another site after consent: `Strict` would hide the session from `/connect/return`.
    sameSite: "Lax",
    secure: origin.startsWith("https:")
  })

/** The user who is signed in. The agent and the pages need the same user. */
const userOf = async (c: Context): Promise<User | undefined> => {
  const { userId } = await readSession(c)
  return userId === undefined ? undefined : { userId }
}

/** A user who opens a mailed link signs in first, and then continues to the link. */
const signedIn: MiddlewareHandler = async (c, next) => {
  if (await userOf(c) !== undefined) return next()
  const { pathname, search } = new URL(c.req.url)
  await writeSession(c, { to: `${pathname}${search}` })
  return c.redirect("/sign-in", 303)
}

// -----------------------------------------------------------------------------
// The agent
// -----------------------------------------------------------------------------

export const connect = Connect.make({
  path: "/connect",
  origin,
  workload: "my-agent",
  credentials: {
    calendar: { providerName: "calendar", scopes: ["openid", "read", "offline_access"], authFlow: "USER_FEDERATION" }
  },
  accounts: {
    // The page names the account of a connection. With `expect`, as in the recipe of Express, users connect their own
    // accounts only. Then every caller has to name its user, and an MCP server gets none from AgentCore Runtime.
    calendar: VendorAccount.openId({ discoveryUrl: `${issuer}/.well-known/openid-configuration` })
  },
  continueTo: [`${origin}/agenda`],
  currentUser: () => userOf(getContext())
})

const agenda = connect.withAccessToken("calendar")(readEvents)

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

export const app = new Hono()

app.use(contextStorage())

app.get("/", (c) => c.html(`<p><a href="/agenda">Your agenda</a> <a href="/connect">Your connections</a>`))

app.get(
  "/sign-in",
  (c) =>
    c.html(
      `<form method="post"><input name="username" autocomplete="username" required><button>Sign in</button></form>`
    )
)

// Check a password here, or the response of your identity provider.
// Another site must not sign its own user in here: the next consent would be theirs.
app.post("/sign-in", csrf({ origin }), async (c) => {
  const { username } = await c.req.parseBody()
  const { to = "/" } = await readSession(c)
  await writeSession(c, { userId: String(username) })
  return c.redirect(to, 303)
})

app.all("/connect/*", signedIn, (c) => connect.fetch(c.req.raw))

app.get("/agenda", async (c) => {
  const user = await userOf(c)
  if (user === undefined) return c.json({ signIn: `${origin}/sign-in` }, 401)
  try {
    return c.json(await connect.runAs(user, () => agenda("today")))
  } catch (error) {
    if (!(error instanceof RequiresUserConsent || error instanceof AuthorizationFailed)) throw error
    // `AuthorizationFailed`: the user has denied. One call reports it, and the next one needs a consent again.
    // The link never expires. After consent the browser comes back here.
    return c.json({ message: error.message, connect: await connect.link("calendar", { continue: "/agenda" }) }, 403)
  }
})
