// The web application of the agent's users, in a process of its own. They consent on its pages of `Connect`.
import * as Connect from "effect-agentcore-identity/promise/Connect"
import { createServer } from "node:http"
import { application as origin, Reports } from "./reports.ts"

const connect = Connect.make({
  path: "/connect",
  origin,
  workload: process.env.WORKLOAD ?? "my-agent",
  credentials: { reports: Reports },
  currentUser: ({ headers }) => {
    const userId = /(?:^|; )user=([\w.-]+)/.exec(headers.cookie ?? "")?.[1]
    return userId && { userId }
  },
  // Several processes with the pages share it.
  formKey: process.env.FORM_KEY
})

createServer((request, response) => {
  // Put the sign-in of your application here: /sign-in/alice signs Alice in.
  const userId = /^\/sign-in\/([\w.-]+)$/.exec(request.url)?.[1]
  if (userId === undefined) return connect.node(request, response)
  response.writeHead(200, { "set-cookie": `user=${userId}; Path=/; HttpOnly; SameSite=Lax` }).end(`Hello ${userId}`)
}).listen(Number(new URL(origin).port || 443), () => console.log(`Listening on ${origin}`))
