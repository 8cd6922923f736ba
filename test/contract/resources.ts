import { assert, describe } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import {
  conflict,
  consented,
  createPortal,
  identityArn,
  invalid,
  isIssued,
  notFound,
  portal,
  vaultArn
} from "./setup.js"
import {
  backend,
  complete,
  consentAs,
  control,
  createProvider,
  createWorkload,
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
  tokenOfUser,
  tokenOfWorkload
} from "./utils.js"

/** Existing workload identities, the token vault, tags and consent portals. */
export const resources = (subject: Subject): void => {
  const test = tester(subject)

  describe("existing workload identities", () => {
    test("are replaced by an update, which changes the time and nothing else", function*() {
      yield* createWorkload("agent", [returnUrl, "my_app:/back"])
      const before = yield* control((plane) => plane.getWorkloadIdentity({ name: "agent" }))
      const update = (urls?: ReadonlyArray<string>) =>
        control((plane) => plane.updateWorkloadIdentity({ name: "agent", allowedResourceOauth2ReturnUrls: urls }))
      const updated = yield* update(["https://other.example.com/"])
      same(updated.allowedResourceOauth2ReturnUrls, ["https://other.example.com/"])
      same(updated.workloadIdentityArn, before.workloadIdentityArn)
      same(updated.createdTime, before.createdTime)
      assert.isTrue(DateTime.isGreaterThanOrEqualTo(updated.lastUpdatedTime, before.lastUpdatedTime))
      same(yield* control((plane) => plane.getWorkloadIdentity({ name: "agent" })), updated)
      same((yield* update()).allowedResourceOauth2ReturnUrls, [])
      yield* rejects(
        subject,
        control((plane) => plane.updateWorkloadIdentity({ name: "nobody" })),
        notFound("UpdateWorkloadIdentity", "WorkloadIdentity with name 'nobody' not found")
      )
    })

    test("are deleted with their grants", function*() {
      yield* setUp
      yield* consented("alice")
      yield* createWorkload("other")
      const ofOther = yield* tokenOfUser("alice", "other")
      const { sessionUri } = yield* requestConsent(ofOther)
      yield* backend((local) => local.approve(sessionUri))
      const unopened = yield* requestConsent(yield* tokenOfUser("bob"), { scopes: [] })
      const pending = yield* requestConsent(yield* tokenOfUser("bob"))
      yield* consentAs(pending.sessionUri, "code")
      const remove = control((plane) => plane.deleteWorkloadIdentity({ name: "agent" }))
      const removed: void = yield* remove
      assert.isUndefined(removed)
      const gone = (operation: string) => notFound(operation, "WorkloadIdentity with name 'agent' not found")
      yield* rejects(subject, remove, gone("DeleteWorkloadIdentity"))
      yield* rejects(
        subject,
        control((plane) => plane.getWorkloadIdentity({ name: "agent" })),
        gone("GetWorkloadIdentity")
      )
      yield* rejects(subject, tokenOfWorkload(), {
        tag: "AccessDeniedException",
        operation: "GetWorkloadAccessToken",
        message: "Workload Identity does not belong to caller account"
      })
      yield* createWorkload()
      assert.isFalse(isIssued(yield* requestToken(yield* tokenOfUser("alice"))))
      // A session of the deleted identity does not yield a token for the new one.
      assert.notStrictEqual((yield* backend((local) => local.authorize(unopened.sessionUri)))._tag, "Redirect")
      assert.isTrue((yield* Effect.exit(complete(pending.sessionUri, { userId: "bob" })))._tag === "Failure")
      assert.isFalse(isIssued(yield* requestToken(yield* tokenOfUser("bob"))))
      assert.isTrue(isIssued(yield* requestToken(ofOther)))
    })
  })

  describe("the token vault", () => {
    test("is the default one", function*() {
      const kmsConfiguration = { keyType: "ServiceManagedKey" } as const
      yield* rejects(
        subject,
        control((plane) => plane.getTokenVault({ tokenVaultId: "other" })),
        notFound("GetTokenVault", "TokenVault with name 'other' not found")
      )
      yield* rejects(
        subject,
        control((plane) => plane.setTokenVaultCmk({ tokenVaultId: "other", kmsConfiguration })),
        notFound("SetTokenVaultCMK", "TokenVault with name 'other' not found")
      )
    })
  })

  describe("tags", () => {
    test("are replaced, and removed where they exist", function*() {
      yield* createProvider()
      const { consentPortalArn: resourceArn } = yield* createPortal()
      const list = control((plane) => plane.listTagsForResource({ resourceArn }))
      const tags = { "a project/b@c+d=": "x y_z: 1.2", empty: "" }
      const added: void = yield* control((plane) => plane.tagResource({ resourceArn, tags }))
      assert.isUndefined(added)
      same((yield* list).tags, tags)
      yield* control((plane) => plane.tagResource({ resourceArn, tags: { empty: "no more" } }))
      yield* control((plane) => plane.untagResource({ resourceArn, tagKeys: ["a project/b@c+d=", "not there"] }))
      same(yield* list, { tags: { empty: "no more" } })
    })

    test("are rejected when AWS reserves the key", function*() {
      const { workloadIdentityArn: resourceArn } = yield* createWorkload()
      const message = "Member must not have a key that begins with aws: AWS reserves the prefix"
      for (const key of ["aws:", "aws:team", "AWS:team"]) {
        const tags = { [key]: "" }
        yield* rejects(
          subject,
          control((plane) => plane.tagResource({ resourceArn, tags })),
          invalid("TagResource", message, "tags")
        )
        yield* rejects(
          subject,
          control((plane) => plane.createWorkloadIdentity({ name: "other", tags })),
          invalid("CreateWorkloadIdentity", message, "tags")
        )
      }
      yield* control((plane) => plane.tagResource({ resourceArn, tags: { "awsome:a": "" } }))
      yield* control((plane) => plane.untagResource({ resourceArn, tagKeys: ["aws:team"] }))
    })

    test("are at most 50, and rejected when the resource does not exist", function*() {
      const { workloadIdentityArn: resourceArn } = yield* createWorkload()
      const many = (prefix: string, count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}-${index}`, ""]))
      const tag = (tags: Record<string, string>, arn = resourceArn) =>
        control((plane) => plane.tagResource({ resourceArn: arn, tags }))
      yield* tag(many("a", 50))
      yield* tag({ "a-0": "again" })
      yield* rejects(subject, tag({ b: "" }), {
        tag: "ServiceQuotaExceededException",
        operation: "TagResource",
        message: "A resource cannot have more than 50 tags"
      })
      const unknown = `${resourceArn}x`
      const gone = (operation: string): Rejection => ({
        tag: "ResourceNotFoundException",
        operation,
        message: `Resource with ARN '${unknown}' not found`
      })
      yield* rejects(subject, tag({}, unknown), gone("TagResource"))
      for (const other of [`${identityArn}:token-vault/other`, vaultArn.replace("123456789012", "210987654321")]) {
        const message = `Resource with ARN '${other}' not found`
        yield* rejects(subject, tag({}, other), { ...gone("TagResource"), message })
      }
      yield* rejects(
        subject,
        control((plane) => plane.untagResource({ resourceArn: unknown, tagKeys: ["a"] })),
        gone("UntagResource")
      )
      yield* rejects(
        subject,
        control((plane) => plane.listTagsForResource({ resourceArn: unknown })),
        gone("ListTagsForResource")
      )
    })
  })

  describe("consent portals", () => {
    const activeTest = tester(subject, { consentPortalDelay: 0 })
    activeTest("need an OAuth2 credential provider", function*() {
      yield* createProvider()
      const { consentPortalId } = yield* createPortal()
      const message = "Member must be the ARN of an OAuth2 credential provider"
      const field = "idpConfig.credentialProviderArn"
      yield* rejects(
        subject,
        control((plane) => plane.createConsentPortal(portal("other", "nothing"))),
        invalid("CreateConsentPortal", message, field)
      )
      yield* rejects(
        subject,
        control((plane) =>
          plane.updateConsentPortal({
            consentPortalIdentifier: consentPortalId,
            idpConfig: {
              ...portal().idpConfig,
              credentialProviderArn: `${vaultArn}/oauth2credentialprovider/nothing`
            }
          })
        ),
        invalid("UpdateConsentPortal", message, field)
      )
    })

    activeTest("need a provider that issues JWTs, and the scope openid, also for an update", function*() {
      yield* createProvider()
      const client = { clientId: "id", clientSecret: secret("a secret") }
      yield* control((plane) =>
        plane.createOauth2CredentialProvider({
          name: "github",
          credentialProviderVendor: "GithubOauth2",
          oauth2ProviderConfigInput: { githubOauth2ProviderConfig: client }
        })
      )
      yield* control((plane) =>
        plane.createOauth2CredentialProvider({
          name: "spotify",
          credentialProviderVendor: "SpotifyOauth2",
          oauth2ProviderConfigInput: { includedOauth2ProviderConfig: client }
        })
      )
      yield* control((plane) =>
        plane.createOauth2CredentialProvider({
          name: "okta",
          credentialProviderVendor: "OktaOauth2",
          oauth2ProviderConfigInput: {
            includedOauth2ProviderConfig: {
              ...client,
              issuer: "https://okta.example.com",
              authorizationEndpoint: "https://okta.example.com/authorize",
              tokenEndpoint: "https://okta.example.com/token"
            }
          }
        })
      )
      const { consentPortalId } = yield* createPortal()
      const noJwts = "Member must be the ARN of an OAuth2 credential provider that issues JWTs: of a vendor of "
        + "[MicrosoftOauth2, CustomOauth2, OktaOauth2, OneLoginOauth2, PingOneOauth2, CyberArkOauth2, FusionAuthOauth2, "
        + "Auth0Oauth2, CognitoOauth2]"
      const { idpConfig } = portal("github", "github")
      const rejections = [
        [idpConfig, noJwts, "idpConfig.credentialProviderArn"],
        [portal("spotify", "spotify").idpConfig, noJwts, "idpConfig.credentialProviderArn"],
        [{ ...portal().idpConfig, scopes: ["email"] }, "Member must have the scope openid", "idpConfig.scopes"]
      ] as const
      for (const [idpConfig, message, field] of rejections) {
        yield* rejects(
          subject,
          control((plane) => plane.createConsentPortal({ ...portal("other"), idpConfig })),
          invalid("CreateConsentPortal", message, field)
        )
        yield* rejects(
          subject,
          control((plane) => plane.updateConsentPortal({ consentPortalIdentifier: consentPortalId, idpConfig })),
          invalid("UpdateConsentPortal", message, field)
        )
      }
      const okta = { ...portal("okta", "okta").idpConfig, scopes: ["email", "openid"] }
      const updated = yield* control((plane) =>
        plane.updateConsentPortal({ consentPortalIdentifier: consentPortalId, idpConfig: okta })
      )
      same(updated.idpConfig, okta)
    })

    activeTest("are unique for a gateway, by its id or its ARN", function*() {
      yield* createProvider()
      const { consentPortalId } = yield* createPortal()
      const create = (identifier: string) =>
        control((plane) =>
          plane.createConsentPortal({ ...portal("other"), sources: [{ identifier, type: "agentcore-gateway" }] })
        )
      const taken = conflict(
        "CreateConsentPortal",
        "The gateway 'portal-0123456789' has a ConsentPortal already, with name 'portal'"
      )
      yield* rejects(subject, create("portal-0123456789"), taken)
      yield* rejects(subject, create(`${identityArn}:gateway/portal-0123456789`), taken)
      yield* control((plane) => plane.deleteConsentPortal({ consentPortalIdentifier: consentPortalId }))
      const { portalUrl } = yield* create(`${identityArn}:gateway/portal-0123456789`)
      same(portalUrl, "https://portal-0123456789.consent-portal.bedrock-agentcore.us-west-2.amazonaws.com")
    })
  })
}
