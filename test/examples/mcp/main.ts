import { serve } from "@hono/node-server"
import { app } from "../hono/app.ts"
// Or "./sdk.ts", for version 1 of the SDK.
import { handler } from "./server.ts"

app.all("/mcp", (c) => handler(c.req.raw))

const { HOST: hostname = "127.0.0.1", PORT: port = "3000" } = process.env
serve({ fetch: app.fetch, hostname, port: Number(port) }, () => console.log(`http://localhost:${port}`))
