import { assert, describe } from "@effect/vitest"
import * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import {
  backend,
  comeBack,
  complete,
  consentAs,
  createProvider,
  createWorkload,
  issued,
  jwt,
  oauth2Rejection,
  openPage,
  type Planes,
  type Rejection,
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
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

const unregistered = oauth2Rejection(
  "ValidationException",
  "You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow"
)
const noReturnUrl = oauth2Rejection(
  "ValidationException",
  "You must provide a ResourceOauth2ReturnUrl to proceed with this flow"
)

const invalidSession: Rejection = {
  tag: "AccessDeniedException",
  operation: "CompleteResourceTokenAuth",
  message: "Invalid or expired session"
}

/** A user's consent, from the first call to the token or to a failure. */
export const consent = (subject: Subject): void => {
  const test = tester(subject)

  describe("a user's consent", () => {
    test("is requested, awaited, granted, completed and remembered", function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const { authorizationUrl, sessionUri } = yield* requestConsent(token, { forceAuthentication: false })
      assert.match(Redacted.value(sessionUri), /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9\-_]+$/)
      const page = new URL(Redacted.value(authorizationUrl))
      assert.strictEqual(page.pathname, "/identities/oauth2/authorize")
      same([...page.searchParams], [["request_uri", Redacted.value(sessionUri)]])

      same(yield* requestToken(token, { sessionUri }), new DataPlane.InProgress())
      const back = yield* consentAs(sessionUri, "code-1")
      assert(back._tag === "Redirect")
      const target = new URL(Redacted.value(back.url))
      assert.strictEqual(target.origin + target.pathname, "https://agent.example.com/consent")
      same(Object.fromEntries(target.searchParams), { tab: "1", session_id: Redacted.value(sessionUri) })
      same(yield* requestToken(token, { sessionUri }), new DataPlane.InProgress())

      assert.isUndefined(yield* complete(sessionUri, { userId: "alice" }))
      const response = issued("token-1.calendar-client.code-1.read")
      same(yield* requestToken(token, { sessionUri }), response)
      same(yield* requestToken(token), response)
      same(yield* requestToken(yield* tokenOfUser("alice")), response)
      // The return URL is checked also where a grant exists.
      yield* rejects(subject, requestToken(token, { resourceOauth2ReturnUrl: undefined }), noReturnUrl)
      yield* rejects(
        subject,
        requestToken(token, { resourceOauth2ReturnUrl: "https://evil.example.com" }),
        unregistered
      )
    })

    test("applies to one shape of the request: another shape needs another consent, and polls repeat their own", function*() {
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
      const response = issued("token-1.calendar-client.approved.read+write")
      const sameShapes = [
        shape,
        { ...shape, scopes: ["write", "read", "write"], resources: ["urn:b", "https://api.example.com"] },
        { ...shape, customParameters: { constructor: "x", access_type: "offline" } },
        // Custom parameters belong to one request.
        { ...shape, customState: secret("state"), forceAuthentication: false }
      ]
      for (const request of sameShapes) same(yield* requestToken(token, request), response)
      const others = [
        { ...shape, scopes: ["read"] },
        { ...shape, scopes: ["read", "write", "admin"] },
        { ...shape, resources: ["urn:b"] },
        { ...shape, resources: undefined },
        { ...shape, audiences: [] },
        { ...shape, customParameters: { access_type: "online", constructor: "x" } },
        { ...shape, customParameters: { access_type: "offline" } },
        { ...shape, customParameters: undefined }
      ]
      for (const other of others) {
        yield* requestConsent(token, other)
        same(yield* requestToken(token, { ...other, sessionUri: first.sessionUri }), new DataPlane.Failed())
      }
      const second = yield* requestConsent(token, { ...shape, scopes: ["read"] })
      yield* backend((local) => local.approve(second.sessionUri))
      same(
        yield* requestToken(token, { ...shape, scopes: ["read"] }),
        issued("token-2.calendar-client.approved.read")
      )
      // Each grant is dropped separately.
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

    test("requires a registered return URL, with every call", function*() {
      yield* setUp
      yield* createWorkload("bare", [])
      const token = yield* tokenOfUser("alice")
      const bare = yield* tokenOfUser("alice", "bare")
      yield* rejects(subject, requestToken(token, { resourceOauth2ReturnUrl: `${returnUrl}&more=1` }), unregistered)
      yield* rejects(subject, requestToken(bare, { resourceOauth2ReturnUrl: undefined }), unregistered)
      yield* rejects(subject, requestToken(bare), unregistered)
      const { sessionUri } = yield* requestConsent(token)
      yield* rejects(subject, requestToken(token, { sessionUri, resourceOauth2ReturnUrl: undefined }), noReturnUrl)
    })

    test("requires a user", function*() {
      yield* setUp
      const token = yield* tokenOfWorkload()
      const { sessionUri } = yield* requestConsent(yield* tokenOfUser("alice"))
      for (const request of [{}, { sessionUri }]) {
        yield* rejects(
          subject,
          requestToken(token, request),
          oauth2Rejection(
            "ValidationException",
            "USER_FEDERATION needs a workload access token of a user: make the caller with a user (GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId)"
          )
        )
      }
    })

    test("polls as failed when it is denied, rejected or too late", function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const ended = Effect.fnUntraced(
        function*(end: (sessionUri: Redacted.Redacted) => Effect.Effect<unknown, unknown, Planes>) {
          const { sessionUri } = yield* requestConsent(token)
          yield* end(sessionUri)
          same(yield* requestToken(token, { sessionUri }), new DataPlane.Failed())
          yield* rejects(subject, complete(sessionUri, { userId: "alice" }), invalidSession)
        }
      )
      yield* ended((sessionUri) => backend((local) => local.deny(sessionUri)))
      yield* ended((sessionUri) => backend((local) => local.expire(sessionUri)))
      yield* ended((sessionUri) =>
        Effect.flatMap(openPage(sessionUri), (authorization) => comeBack(authorization, { error: "server_error" }))
      )
      yield* ended((sessionUri) =>
        Effect.andThen(consentAs(sessionUri, "code"), backend((local) => local.expire(sessionUri)))
      )
    })

    test("is completed for the original identifier only, and once", function*() {
      yield* setUp
      const claims = { iss: "https://id.example.com", sub: "alice" }
      const userToken = jwt({ ...claims, iat: 1 })
      const token = yield* tokenOfJwt(userToken)
      const { sessionUri } = yield* requestConsent(token)
      const user = { userToken }
      yield* rejects(subject, complete(sessionUri, user), invalidSession)
      yield* consentAs(sessionUri, "code")
      const strangers = [
        { userId: "alice" },
        { userId: "https://id.example.com" },
        { userToken: jwt({ ...claims, iat: 2 }) },
        { userToken: jwt({ ...claims, sub: "bob" }) }
      ]
      for (const stranger of strangers) {
        yield* rejects(subject, complete(sessionUri, stranger), invalidSession)
      }
      yield* rejects(subject, complete(secret("urn:ietf:params:oauth:request_uri:unknown"), user), invalidSession)
      yield* complete(sessionUri, user)
      yield* rejects(subject, complete(sessionUri, user), invalidSession)
      // The vault identifies a user by issuer and subject, so a new JWT finds the token.
      const fresh = yield* tokenOfJwt(jwt({ ...claims, iat: 3 }))
      same(yield* requestToken(fresh), issued("token-1.calendar-client.code.read"))
    })

    tester(subject, { oauth: { fail: ({ type }) => type === "authorization_code" ? "InvalidGrant" : undefined } })(
      "fails once when its code is not exchanged",
      function*() {
        yield* setUp
        const token = yield* tokenOfUser("alice")
        const { sessionUri } = yield* requestConsent(token)
        yield* consentAs(sessionUri, "code")
        yield* rejects(subject, complete(sessionUri, { userId: "alice" }), {
          tag: "ValidationException",
          operation: "CompleteResourceTokenAuth",
          message: "Error parsing AuthorizationCode response"
        })
        yield* rejects(subject, complete(sessionUri, { userId: "alice" }), invalidSession)
        same(yield* requestToken(token, { sessionUri }), new DataPlane.Failed())
      }
    )

    test("is requested again when forced, and the vault drops the old grant", function*() {
      yield* setUp
      const token = yield* tokenOfUser("alice")
      const first = yield* requestConsent(token)
      yield* backend((local) => local.approve(first.sessionUri))
      // An invalid request drops nothing.
      const invalid = { forceAuthentication: true, resourceOauth2ReturnUrl: undefined }
      yield* rejects(subject, requestToken(token, invalid), noReturnUrl)
      same(yield* requestToken(token), issued("token-1.calendar-client.approved.read"))
      const second = yield* requestConsent(token, { forceAuthentication: true })
      assert.notStrictEqual(Redacted.value(second.sessionUri), Redacted.value(first.sessionUri))
      yield* requestConsent(token)
      yield* backend((local) => local.approve(second.sessionUri))
      same(yield* requestToken(token), issued("token-2.calendar-client.approved.read"))
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
      for (const [user, workload] of [["bob", "agent"], ["alice", "other"]] as const) {
        yield* requestConsent(yield* tokenOfUser(user, workload))
      }
      yield* requestConsent(token, { resourceCredentialProviderName: "mail" })
      yield* requestConsent(token, { scopes: ["read", "write"] })
    })
  })
}
