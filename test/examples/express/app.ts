import cookieSession from "cookie-session"
import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import { AuthorizationFailed, RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import type { User } from "effect-agentcore-identity/promise/Identity"
import express, { type Request, type RequestHandler } from "express"
import { readEvents } from "./calendar.ts"

const {
  CALENDAR_ISSUER: issuer = "https://calendar.example.com",
  ORIGIN: origin = "http://localhost:3000",
  SESSION_SECRET: secret
} = process.env
if (secret === undefined) throw new Error("Set SESSION_SECRET, which signs the cookie of the session")
const isSecure = origin.startsWith("https:")

// -----------------------------------------------------------------------------
// Sign-in
// -----------------------------------------------------------------------------

/** The user who is signed in. The agent and the pages need the same user. */
const userOf = ({ session }: Request): User | undefined =>
  typeof session?.userId === "string" ? { userId: session.userId } : undefined

/** A user who opens a mailed link signs in first, and then continues to the link. */
const signedIn: RequestHandler = (request, response, next) => {
  if (userOf(request) !== undefined) return next()
  request.session = { to: request.originalUrl }
  response.redirect(303, "/sign-in")
}

// -----------------------------------------------------------------------------
// The agent
// -----------------------------------------------------------------------------

const connect = Connect.make({
  path: "/connect",
  origin,
  workload: "my-agent",
  credentials: {
    calendar: { providerName: "calendar", scopes: ["openid", "read", "offline_access"], authFlow: "USER_FEDERATION" }
  },
  accounts: {
    calendar: {
      ...VendorAccount.openId({ discoveryUrl: `${issuer}/.well-known/openid-configuration` }),
      // A user connects their own account only. Without this line, they connect any account, and the page names it.
      expect: (user, account) => account.label === user.userId
    }
  },
  continueTo: [`${origin}/agenda`],
  currentUser: userOf
})

const agenda = connect.withAccessToken("calendar")(readEvents)

// -----------------------------------------------------------------------------
// The server
// -----------------------------------------------------------------------------

export const app = express()

// Behind a load balancer that ends TLS. Without this line, no secure cookie is set.
app.set("trust proxy", isSecure ? 1 : false)
// The browser comes back from another site after consent: `strict` would hide the session from `/connect/return`.
app.use(cookieSession({ keys: [secret], httpOnly: true, sameSite: "lax", secure: isSecure }))

app.get("/", (_, response) => {
  response.send(`<p><a href="/agenda">Your agenda</a> <a href="/connect">Your connections</a>`)
})

app.get("/sign-in", (_, response) => {
  response.send(
    `<form method="post"><input name="username" autocomplete="username" required><button>Sign in</button></form>`
  )
})

// Check a password here, or the response of your identity provider.
app.post("/sign-in", express.urlencoded(), (request, response) => {
  // Another site must not sign its own user in here: the next consent would be theirs.
  if (request.headers.origin !== origin) {
    response.sendStatus(403)
    return
  }
  const to = request.session?.to ?? "/"
  request.session = { userId: request.body.username }
  response.redirect(303, to)
})

app.use("/connect", signedIn, connect.node)

app.get("/agenda", async (request, response) => {
  const user = userOf(request)
  if (user === undefined) {
    response.status(401).json({ signIn: `${origin}/sign-in` })
    return
  }
  try {
    response.json(await connect.runAs(user, () => agenda("today")))
  } catch (error) {
    if (!(error instanceof RequiresUserConsent || error instanceof AuthorizationFailed)) throw error
    // `AuthorizationFailed`: the user has denied. One call reports it, and the next one needs a consent again.
    // The link never expires. After consent the browser comes back here.
    response.status(403).json({
      message: error.message,
      connect: await connect.link("calendar", { continue: "/agenda" })
    })
  }
})
