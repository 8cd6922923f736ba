// A process of an application without Effect. `pages` serves the pages, and `agent` waits until Alice has connected.
import * as Connect from "effect-agentcore-identity/promise/Connect"
import { runWithContext } from "effect-agentcore-identity/promise/Identity"
import { createServer } from "node:http"
import { report } from "../support/report.mjs"

const [part = "", port = "", pendingConsents = "", formKey = ""] = process.argv.slice(2)

const alice = { userId: "alice" }

const connect = Connect.make({
  path: "/connect",
  origin: `http://127.0.0.1:${port}`,
  workload: "connect-agent",
  credentials: {
    calendar: { providerName: "calendar", scopes: ["openid", "calendar:read"], authFlow: "USER_FEDERATION" }
  },
  currentUser: () => alice,
  pendingConsents: JSON.parse(pendingConsents) ?? undefined,
  formKey
})

if (part === "pages") {
  createServer((request, response) => connect.node(request, response))
    .listen(Number(port), "127.0.0.1", () => report({ ready: true }))
} else {
  const count = connect.withAccessToken("calendar", { onLink: (link) => report({ link }) })(
    async (token: string) => token.length
  )
  const user = connect.workload({ name: "connect-agent", user: alice })
  report({ characters: await runWithContext({ workload: user }, () => count()) })
  // Then nothing keeps the process alive.
  await connect.dispose()
}
