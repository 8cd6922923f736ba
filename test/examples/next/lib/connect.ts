import * as Connect from "effect-agentcore-identity/promise/Connect"
import { currentUser, origin } from "./session"

export const connect = Connect.make({
  path: "/connect",
  origin,
  workload: "my-agent",
  credentials: {
    calendar: { providerName: "calendar", scopes: ["openid", "read"], authFlow: "USER_FEDERATION" }
  },
  continueTo: [`${origin}/agenda`],
  currentUser
})
