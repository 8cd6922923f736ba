import { assert, describe } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Redacted from "effect/Redacted"
import {
  backend,
  comeBack,
  createProvider,
  createWorkload,
  issued,
  jwt,
  oauth2Rejection,
  openPage,
  rejects,
  requestConsent,
  requestToken,
  returnUrl,
  same,
  secret,
  setUp,
  type Subject,
  tester,
  tokenOfJwt,
  tokenOfUser
} from "./utils.js"

const unregistered = oauth2Rejection(
  "ValidationException",
  "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
)
const noReturnUrl = oauth2Rejection(
  "ValidationException",
  "You must provide a ResourceOauth2ReturnUrl to proceed with this flow"
)

/** A user's consent, from the first call to the token or to a failure. */
export const consent = (subject: Subject): void => {
  const test = tester(subject)

  describe("a user's consent", () => {
    test("applies to one shape of the request, and each grant is dropped separately", function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const shape = {
        scopes: ["read", "write"],
        resources: ["https://api.example.com", "urn:b"],
        audiences: ["audience-1"],
        customParameters: { access_type: "offline", constructor: "x" }
      }
      const first = yield* requestConsent(token, shape)
      yield* backend((local) => local.approve(first.sessionUri))
      const second = yield* requestConsent(token, { ...shape, scopes: ["read"] })
      yield* backend((local) => local.approve(second.sessionUri))
      yield* requestConsent(token, { ...shape, forceAuthentication: true })
      yield* requestConsent(token, shape)
      same(
        yield* requestToken(token, { ...shape, scopes: ["read"] }),
        issued("token-2.calendar-client.approved.read")
      )
    })

    test("carries custom state, custom parameters, resources and audiences", function*() {
      yield* setUp
      const { sessionUri } = yield* requestConsent(yield* tokenOfUser("alice"), {
        scopes: ["read", "write"],
        customState: secret("состояние 🙂 & \"more\"=1"),
        customParameters: { access_type: "offline", state: "forged", "login.hint-1_x": "ünï code" },
        resources: ["https://api.example.com/a b", "urn:b"],
        audiences: ["audience-1"]
      })
      const authorization = yield* openPage(sessionUri)
      const parameters = authorization.searchParams
      assert.strictEqual(parameters.get("scope"), "read write")
      assert.strictEqual(parameters.get("access_type"), "offline")
      assert.strictEqual(parameters.get("login.hint-1_x"), "ünï code")
      same(parameters.getAll("resource"), ["https://api.example.com/a b", "urn:b"])
      same(parameters.getAll("audience"), ["audience-1"])
      assert.strictEqual(parameters.getAll("state").length, 1)
      assert.notStrictEqual(parameters.get("state"), "forged")
      const back = yield* comeBack(authorization, { code: "c" })
      assert(back._tag === "Redirect")
      assert.strictEqual(new URL(Redacted.value(back.url)).searchParams.get("state"), "состояние 🙂 & \"more\"=1")
    })

    test("requires the return URL in polls too, and checks the registration first", function*() {
      yield* setUp
      yield* createWorkload("bare", [])
      const token = yield* tokenOfUser("alice")
      const bare = yield* tokenOfUser("alice", "bare")
      yield* rejects(subject, requestToken(token, { resourceOauth2ReturnUrl: `${returnUrl}&more=1` }), unregistered)
      yield* rejects(subject, requestToken(bare, { resourceOauth2ReturnUrl: undefined }), unregistered)
      const { sessionUri } = yield* requestConsent(token)
      yield* rejects(subject, requestToken(token, { sessionUri, resourceOauth2ReturnUrl: undefined }), noReturnUrl)
    })

    test("is not dropped by an invalid request that forces authentication", function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const { sessionUri } = yield* requestConsent(token)
      yield* backend((local) => local.approve(sessionUri))
      const invalid = { forceAuthentication: true, resourceOauth2ReturnUrl: undefined }
      yield* rejects(subject, requestToken(token, invalid), noReturnUrl)
      same(yield* requestToken(token), issued("token-1.calendar-client.approved.read"))
    })

    test("belongs to one workload, user and provider", function*() {
      yield* setUp
      yield* createWorkload("other")
      yield* createProvider("mail")
      const token = yield* tokenOfUser("alice")
      const { sessionUri } = yield* requestConsent(token)
      const strangers = [
        requestToken(yield* tokenOfUser("bob"), { sessionUri }),
        requestToken(yield* tokenOfUser("alice", "other"), { sessionUri }),
        requestToken(yield* tokenOfJwt(jwt({ iss: "UserId", sub: "alice" })), { sessionUri }),
        requestToken(token, { sessionUri, resourceCredentialProviderName: "mail" })
      ]
      same(
        yield* requestToken(token, { sessionUri: secret("urn:ietf:params:oauth:request_uri:unknown") }),
        new DataPlane.Failed()
      )
      for (const stranger of strangers) {
        same(yield* stranger, new DataPlane.Failed())
      }
      yield* backend((local) => local.approve(sessionUri))
      for (const stranger of strangers) {
        same(yield* stranger, new DataPlane.Failed())
      }
      same(yield* requestToken(token, { sessionUri }), issued("token-1.calendar-client.approved.read"))
    })
  })
}
