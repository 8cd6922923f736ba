import { testPages } from "../../support/webAgent.js"

const session = Buffer.from(JSON.stringify({ userId: "alice" })).toString("base64")

testPages(import.meta.url, async () => (await import("./app.ts")).app, `session=${session}; session.sig=forged`)
