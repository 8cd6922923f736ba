// A user's program with the pages of `promise/Connect`, for a bundler. It prints the responses, and the errors of the
// stores whose packages are missing.
import * as Connect from "effect-agentcore-identity/promise/Connect"

const key = Buffer.alloc(32).toString("base64url")

const make = (pendingConsents?: Connect.Options["pendingConsents"]) =>
  Connect.make({
    path: "/connect",
    origin: "https://app.example.com",
    workload: "agent",
    credentials: { calendar: { providerName: "calendar", scopes: [], authFlow: "USER_FEDERATION" } },
    currentUser: () => undefined,
    pendingConsents
  })

const messageOf = (store: Connect.Options["pendingConsents"]) =>
  make(store).link("calendar").then(() => "no error", (error: unknown) => String(error))

const program = async () => ({
  status: (await make().fetch(new Request("https://app.example.com/connect"))).status,
  redis: await messageOf({ redis: { url: "redis://127.0.0.1:1", key } }),
  postgres: await messageOf({ sql: { url: "postgresql://127.0.0.1:1/postgres", key } })
})

// No top-level await: a CommonJS bundle cannot have it.
void program().then((result) => console.log(JSON.stringify(result)))
