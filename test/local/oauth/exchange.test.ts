import { assert, describe, it } from "@effect/vitest"
import * as Exchange from "../../../src/local/oauth/exchange.js"

describe("an exchange", () => {
  const exchange = async (
    body: URLSearchParams,
    original: Response,
    headers: Record<string, string> = {}
  ): Promise<Exchange.Rejection> => {
    const recorded = Exchange.make()
    const fetch = recorded.record(() => Promise.resolve(original))
    const response = await fetch("https://issuer.example.com/token", {
      body,
      headers,
      method: "POST",
      redirect: "manual"
    })
    // The original response can still be read.
    assert.isTrue(response === original && !response.bodyUsed)
    return recorded.rejection()
  }

  const rejection = (error: unknown, error_description: unknown, status = 400) =>
    Response.json({ error, error_description }, { status })

  it("returns error and description of the response, without values of the request", async () => {
    const body = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: "sentinel-of-the-user",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      scope: "reports:write",
      tenant: "sentinel-of-the-tenant"
    })
    assert.deepStrictEqual(
      await exchange(
        body,
        rejection(
          "own.code",
          "sentinel-of-the-user of sentinel-of-the-tenant may not have reports:write\nby urn:ietf:params:oauth:grant-type:token-exchange"
        )
      ),
      {
        status: 400,
        error: "own.code",
        description:
          "<redacted> of <redacted> may not have reports:write by urn:ietf:params:oauth:grant-type:token-exchange"
      }
    )
  })

  it("removes the secret of an authorization header, and the header", async () => {
    const secret = "p%ss w:rd-of+the/client"
    const credentials = Buffer.from(`agent:${String(new URLSearchParams([["", secret]])).slice(1)}`).toString("base64")
    const { description } = await exchange(
      new URLSearchParams(),
      rejection("invalid_client", `agent ${secret}, ${credentials}`, 401),
      { authorization: `Basic ${credentials}` }
    )
    assert.strictEqual(description, "agent <redacted>, <redacted>")
    const bearer = await exchange(new URLSearchParams(), rejection("invalid_client", "no abcdefgh.ijk", 401), {
      authorization: "Bearer abcdefgh.ijk"
    })
    assert.strictEqual(bearer.description, "no <redacted>")
  })

  it("drops an invalid code, and a code that contains a value", async () => {
    const body = new URLSearchParams({ code: "sentinel-code" })
    for (const error of ["two words", "a\"b", "x".repeat(65), "", 7, null, { a: 1 }, "my-sentinel-code", "sentinel"]) {
      assert.isUndefined((await exchange(body, rejection(error, undefined))).error, JSON.stringify(error))
    }
  })

  it("cuts a long description to one line", async () => {
    const { description = "" } = await exchange(new URLSearchParams(), rejection("e", `a\u0000\t${"b ".repeat(5000)}`))
    assert.strictEqual(description.length, 301)
    assert.match(description, /^a b b .*…$/)
    const emoji = await exchange(new URLSearchParams(), rejection("e", "\u{1F600}".repeat(400)))
    assert.strictEqual(emoji.description, `${"\u{1F600}".repeat(300)}…`)
    for (const value of ["", " \n", 7, ["a"]]) {
      assert.isUndefined((await exchange(new URLSearchParams(), rejection("e", value))).description)
    }
  })

  it("returns only the status of a response that is not a JSON object", async () => {
    for (const string of ["<h1>sentinel</h1>", "", "[\"sentinel\"]", "null", "{\"error\":"]) {
      assert.deepStrictEqual(await exchange(new URLSearchParams(), new Response(string, { status: 502 })), {
        status: 502,
        error: undefined,
        description: undefined
      })
    }
    assert.deepStrictEqual(Exchange.make().rejection(), {})
  })

  it("removes code and state of a callback, and keeps its description", () => {
    const recorded = Exchange.make()
    recorded.hideCallback(
      new URL("https://a.example.com/cb?state=sentinel-state&code=c0de&error=access_denied&error_description=no+access")
    )
    assert.deepStrictEqual(recorded.toRejection("access_denied", "no access for sentinel-state or c0de"), {
      error: "access_denied",
      description: "no access for <redacted> or <redacted>"
    })
  })
})
