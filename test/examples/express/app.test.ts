import { type LocalIdentityWithUsers, start, type TestUser } from "effect-agentcore-identity/promise/LocalIdentity"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const server = createServer()
let local: LocalIdentityWithUsers
let url: string

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(process.env, { ORIGIN: url, RETURN_URL: `${url}/connect/return`, SESSION_SECRET: "for tests" })
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  local = await start({ setup: path("setup.jsonc"), policy: path("policy.json"), authorizationServer: true })
  // In place of the calendar: a page with the user of the token.
  Object.assign(process.env, local.environment, {
    CALENDAR_API: `${local.issuer}/me`,
    CALENDAR_ISSUER: local.issuer
  })
  // The program reads the environment when it is loaded.
  const { app } = await import("./app.ts")
  server.on("request", app)
})

afterAll(async () => {
  server.close()
  await local.stop()
})

/** Fills in the form of the sign-in. */
const signIn = (user: TestUser) => user.approves(`${url}/sign-in`)

const agendaOf = async (user: TestUser) => {
  const { status, text } = await user.opens(`${url}/agenda`)
  return [status, JSON.parse(text)]
}

const required = "The user has to connect 'calendar' first."

describe("the agent", () => {
  it("asks each user once, and reads their own calendar", async () => {
    const alice = local.user("alice")
    const bob = local.user("bob")
    expect(await agendaOf(alice)).toStrictEqual([401, { signIn: `${url}/sign-in` }])
    await signIn(alice)
    const [status, { connect }] = await agendaOf(alice)
    expect(status).toBe(403)

    // She forwards her link to Bob: he signs in as himself, and connects his own account.
    const forwarded = await bob.approves(connect)
    expect([forwarded.url, JSON.parse(forwarded.text)]).toStrictEqual([`${url}/agenda`, { sub: "bob" }])
    expect(await agendaOf(alice)).toStrictEqual([403, { message: required, connect }])

    await alice.approves(connect)
    expect(await agendaOf(alice)).toStrictEqual([200, { sub: "alice" }])
    expect(await agendaOf(bob)).toStrictEqual([200, { sub: "bob" }])
  })

  it("tells a user once that they denied, and gives the link again", { timeout: 30_000 }, async () => {
    const carol = local.user("carol")
    await signIn(carol)
    const [, { connect }] = await agendaOf(carol)
    await carol.denies(connect)
    // AgentCore reports a denial after a few seconds.
    const message = "The authorization at provider 'calendar' failed: the user denied consent, or the session expired"
    await expect.poll(() => agendaOf(carol), { timeout: 20_000 }).toStrictEqual([403, { message, connect }])
    expect(await agendaOf(carol)).toStrictEqual([403, { message: required, connect }])
    await carol.approves(connect)
    expect(await agendaOf(carol)).toStrictEqual([200, { sub: "carol" }])
  })

  it("trusts no cookie that it did not sign", async () => {
    const session = Buffer.from(JSON.stringify({ userId: "alice" })).toString("base64")
    const { status } = await fetch(`${url}/agenda`, { headers: { cookie: `session=${session}; session.sig=forged` } })
    expect(status).toBe(401)
  })

  it("signs in nobody whom another site signs in", async () => {
    const { status } = await fetch(`${url}/sign-in`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
      body: new URLSearchParams({ username: "mallory" })
    })
    expect(status).toBe(403)
  })
})

describe("the connections page", () => {
  it("shows a user their own connections, after they have signed in", async () => {
    const dave = local.user("dave")
    expect((await dave.opens(`${url}/connect`)).url).toBe(`${url}/sign-in`)
    // The sign-in leads to a mailed link, the link to the consent, and the consent back to the link.
    const link = `${url}/connect/calendar`
    expect((await dave.opens(link)).url).toBe(`${url}/sign-in`)
    await dave.approves(link)
    expect((await dave.opens(`${url}/connect`)).text).toContain("Connected as dave")

    const erin = local.user("erin")
    await signIn(erin)
    expect((await erin.opens(`${url}/connect`)).text).toContain("Not connected")
  })
})
