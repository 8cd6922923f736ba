import { serve } from "@hono/node-server"
import { app } from "../hono/app.ts"
// Or "./sdk.ts", for version 1 of the SDK.
import { handler } from "./server.ts"

app.all("/mcp", (c) => handler(c.req.raw))

const port = Number(process.env.PORT ?? 3000)
serve({ fetch: app.fetch, port }, () => console.log(`http://localhost:${port}`))
