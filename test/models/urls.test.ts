import { assert, describe, it } from "vitest"
import { isEndpoint, isEndpointOf, isIssuer } from "../../src/internal/models/urls.js"

const ambiguous = [
  "https://user@issuer.example.com",
  "https://user:password@issuer.example.com",
  "https://:@issuer.example.com",
  "https://issuer.example.com#",
  "https://issuer.example.com/#/x",
  "https://issuer.example.com/?a=1#b"
]

const insecure = [
  "",
  "issuer.example.com",
  "//issuer.example.com",
  "not a URL",
  "http://issuer.example.com",
  "http://127.0.0.1.example.com",
  "http://localhost.example.com",
  "http://10.0.0.1",
  "http://[::2]",
  "ftp://127.0.0.1",
  "file:///etc/passwd",
  "data:application/json,{}",
  "javascript:alert(1)",
  "https://",
  `https://issuer.example.com/${"x".repeat(8192)}`
]

describe("an issuer", () => {
  const issuers = [
    "https://issuer.example.com",
    "https://issuer.example.com/",
    "https://issuer.example.com:8443/tenants/a_b-c.d~e/%7Ef",
    "https://ISSUER.example.com/Tenant",
    "https://login.microsoftonline.com/0a1b2c3d/v2.0",
    "https://xn--bcher-kva.example",
    "https://192.0.2.1",
    "https://[2001:db8::1]:8443/a",
    "http://127.0.0.1:4000",
    "http://localhost/a/",
    "http://[::1]:4000"
  ]
  for (const string of issuers) it(`is ${string}`, () => assert.isTrue(isIssuer(string)))

  const others = [
    ...ambiguous,
    ...insecure,
    "https://issuer.example.com?",
    "https://issuer.example.com?x=",
    "http://127.0.0.1:9200/_cluster?x=",
    "https://issuer.example.com/../admin",
    "https://issuer.example.com/a/..",
    "https://issuer.example.com/./a",
    "https://issuer.example.com/%2e%2e/admin",
    "https://issuer.example.com/.%2E/admin",
    "https://issuer.example.com\\admin",
    "https://issuer.example.com/a\\b",
    "https://issuer.example.com\\@other.example.com",
    "https:issuer.example.com",
    "https:/issuer.example.com",
    "https:///issuer.example.com",
    "https:\\\\issuer.example.com",
    " https://issuer.example.com",
    "https://issuer.example.com ",
    "https://issuer.example.com/a b",
    "https://issuer.example.com/a\tb",
    "https://iss\nuer.example.com",
    "https://issuer.example.com\u0001",
    "https://issuer.example.com/\u0000",
    "https://issuer\u00ad.example.com",
    "https://issuer.example.com/ü"
  ]
  for (const string of others) {
    it(`is not ${JSON.stringify(string.slice(0, 60))}`, () => assert.isFalse(isIssuer(string)))
  }
})

describe("an endpoint", () => {
  const endpoints = [
    "https://issuer.example.com/token",
    "https://issuer.example.com/token?tenant=a",
    "http://127.0.0.1:4000/keys?a"
  ]
  for (const string of endpoints) it(`is ${string}`, () => assert.isTrue(isEndpoint(string)))
  for (const string of [...ambiguous.filter((string) => !string.includes(":@")), ...insecure]) {
    it(`is not ${JSON.stringify(string.slice(0, 60))}`, () => assert.isFalse(isEndpoint(string)))
  }
})

describe("an endpoint that an issuer names", () => {
  const here = ["127.0.0.1", "127.1", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:0.0.0.0]"]
    .concat("localhost", "LOCALHOST.", "a.localhost", "2130706433")
  const elsewhere = ["keys.example.com", "localhost.example.com", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]"]

  it("is on this machine only if the issuer is", () => {
    for (const host of [...here, ...elsewhere]) {
      const endpoint = `https://${host}:8443/keys?a=b`
      assert.strictEqual(isEndpointOf("https://issuer.example.com", endpoint), elsewhere.includes(host), host)
      assert.isTrue(isEndpointOf("https://127.0.0.1:1", endpoint), host)
      assert.isTrue(isEndpointOf("http://localhost", endpoint), host)
    }
  })

  it("is not plain http if the issuer is https, and has no user information", () => {
    assert.isTrue(isEndpointOf("http://127.0.0.1", "http://127.0.0.1:1/keys"))
    assert.isFalse(isEndpointOf("https://127.0.0.1", "http://127.0.0.1:1/keys"))
    assert.isFalse(isEndpointOf("https://issuer.example.com", "http://keys.example.com"))
    assert.isFalse(isEndpointOf("https://issuer.example.com", "https://user@keys.example.com"))
  })
})
