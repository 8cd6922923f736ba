import { Agent, createServer, request as send } from "node:http"
import { accessToken, request, urlOfModule } from "../fixture.mjs"
import { promised } from "./promised.mjs"

const ForwardAuth = await import(urlOfModule("promise/ForwardAuth"))

const route = ForwardAuth.make({
  workload: "my-agent",
  credentials: [{
    credential: { providerName: request.provider, scopes: request.scopes, authFlow: request.flow },
    origins: ["https://api.example.com"]
  }]
})
const { token } = await route.session({ userId: "alice" })

// The proxy is in the same process: its time counts too.
const server = createServer(route.node).listen(0, "127.0.0.1")
await new Promise((resolve) => server.on("listening", resolve))
server.unref()

const options = {
  agent: new Agent({ keepAlive: true }),
  port: server.address().port,
  host: "127.0.0.1",
  path: "/forward-auth",
  headers: {
    authorization: `Bearer ${token}`,
    "x-forwarded-method": "GET",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "api.example.com",
    "x-forwarded-uri": "/v1/events"
  }
}

const ask = () =>
  new Promise((resolve, reject) => {
    send(options, (response) => {
      const { authorization = "" } = response.headers
      response.resume().on("end", () => resolve(authorization.slice("Bearer ".length)))
    }).on("error", reject).end()
  })

export const { obtain, repeat } = promised(ask)

if (await obtain() !== accessToken) throw new Error("ForwardAuth returned another token")
