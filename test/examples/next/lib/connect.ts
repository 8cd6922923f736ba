import * as VendorAccount from "effect-agentcore-identity/http/VendorAccount"
import * as Connect from "effect-agentcore-identity/promise/Connect"
import { currentUser, origin } from "./session"

const issuer = process.env.CALENDAR_ISSUER ?? "https://calendar.example.com"

export const connect = Connect.make({
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
  currentUser
})
