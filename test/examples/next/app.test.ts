import { type LocalIdentityWithUsers, start, type TestUser } from "effect-agentcore-identity/promise/LocalIdentity"
import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, describe, it } from "node:test"
import { fileURLToPath } from "node:url"

let local: LocalIdentityWithUsers
let server: ChildProcess
let url: string

const freePort = async (): Promise<number> => {
  const server = createServer()
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

// `next build` comes first.
before(async () => {
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  process.env.RETURN_URL = `${url}/connect/return`
  local = await start({ setup: "setup.jsonc", policy: "policy.json", authorizationServer: true })
  const next = fileURLToPath(import.meta.resolve("next/dist/bin/next"))
  server = spawn(process.execPath, [next, "start", "--hostname", "127.0.0.1", "--port", String(port)], {
    env: {
      ...process.env,
      ...local.environment,
      ORIGIN: url,
      SESSION_SECRET: "for tests",
      // In place of the calendar: a page with the user of the token.
      CALENDAR_API: `${local.issuer}/me`,
      CALENDAR_ISSUER: local.issuer
    },
    stdio: ["ignore", "pipe", "inherit"]
  })
  for await (const output of server.stdout ?? []) if (String(output).includes("Ready")) break
})

after(async () => {
  server.kill()
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
    assert.deepEqual(await agendaOf(alice), [401, { signIn: `${url}/sign-in` }])
    await signIn(alice)
    const [status, { connect }] = await agendaOf(alice)
    assert.equal(status, 403)

    // She forwards her link to Bob: he signs in as himself, and connects his own account.
    const forwarded = await bob.approves(connect)
    assert.deepEqual([forwarded.url, JSON.parse(forwarded.text)], [`${url}/agenda`, { sub: "bob" }])
    assert.deepEqual(await agendaOf(alice), [403, { message: required, connect }])

    await alice.approves(connect)
    assert.deepEqual(await agendaOf(alice), [200, { sub: "alice" }])
    assert.deepEqual(await agendaOf(bob), [200, { sub: "bob" }])
  })

  it("gives the link again to a user who denied", async () => {
    const carol = local.user("carol")
    await signIn(carol)
    const [, { connect }] = await agendaOf(carol)
    await carol.denies(connect)
    assert.deepEqual(await agendaOf(carol), [403, { message: required, connect }])
    await carol.approves(connect)
    assert.deepEqual(await agendaOf(carol), [200, { sub: "carol" }])
  })

  it("trusts no cookie that it did not sign", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
    const session = `${part({ alg: "none" })}.${part({ userId: "alice" })}.`
    const { status } = await fetch(`${url}/agenda`, { headers: { cookie: `session=${session}` } })
    assert.equal(status, 401)
  })

  it("signs in nobody whom another site signs in", async () => {
    const { status } = await fetch(`${url}/sign-in`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
      body: new URLSearchParams({ username: "mallory" })
    })
    assert.equal(status, 403)
  })
})

describe("the connections page", () => {
  it("shows a user their own connections, after they have signed in", async () => {
    const dave = local.user("dave")
    assert.equal((await dave.opens(`${url}/connect`)).url, `${url}/sign-in`)
    // The sign-in leads to a mailed link, the link to the consent, and the consent back to the link.
    const link = `${url}/connect/calendar`
    assert.equal((await dave.opens(link)).url, `${url}/sign-in`)
    await dave.approves(link)
    assert.match((await dave.opens(`${url}/connect`)).text, /Connected as dave/)

    const erin = local.user("erin")
    await signIn(erin)
    assert.match((await erin.opens(`${url}/connect`)).text, /Not connected/)
  })
})
