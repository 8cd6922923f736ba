import { getRequestListener } from "@hono/node-server"
import { testPages } from "../../support/webAgent.js"

testPages(
  import.meta.url,
  async () => getRequestListener((await import("./app.ts")).app.fetch),
  `session=${encodeURIComponent(`{"userId":"alice"}.${"A".repeat(43)}=`)}`
)
