import * as Connect from "effect-agentcore-identity/promise/Connect"
import * as ForwardAuth from "effect-agentcore-identity/promise/ForwardAuth"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { Calendar, forwardAuth } from "./credentials.ts"

// On this machine only. In a container, the proxy of another one asks.
const { FORWARD_AUTH_PORT: forwardAuthPort = 4030, HOST: host = "127.0.0.1", PORT: port = 3000 } = process.env

// One user, on their own machine. Put the sign-in of your application here.
const user = { userId: "alice" }

const connect = Connect.make({
  path: "/connect",
  workload: "my-agent",
  credentials: { calendar: Calendar },
  currentUser: () => user
})

const route = ForwardAuth.make({ workload: "my-agent", credentials: forwardAuth, connect })

// The user's browser reaches the pages. Only the proxy reaches the route.
await once(createServer(connect.node).listen(Number(port), host), "listening")
await once(createServer(route.node).listen(Number(forwardAuthPort), host), "listening")

// The sandbox gets the secret of a session, and nothing else.
const { expiresAt, token } = await route.session(user, { lifetime: "8 hours" })
mkdirSync("session", { recursive: true })
writeFileSync("session/token", token, { mode: 0o600 })
console.log(`The session of ${user.userId} ends at ${expiresAt.toISOString()}`)
