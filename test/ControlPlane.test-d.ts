import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as Operation from "effect-agentcore-identity/Operation"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, test } from "vitest"

type TagOf<E> = E extends { readonly _tag: infer T } ? T : never

type ErrorOf<K extends keyof Operation.Plane<typeof ControlPlane.operations>> =
  Operation.Plane<typeof ControlPlane.operations>[K] extends (request: never) => Effect.Effect<unknown, infer E>
    ? TagOf<E>
    : never

type Local = "TransportError" | "UnknownServiceError"

type Five = "ValidationException" | "AccessDeniedException" | "ThrottlingException" | "InternalServerException" | Local

type E6 = Five | "UnauthorizedException" | "ResourceNotFoundException"

type Create =
  | E6
  | "ServiceQuotaExceededException"
  | "ResourceLimitExceededException"
  | "ConflictException"
  | "EncryptionFailure"
  | "DecryptionFailure"

type Update = Exclude<Create, "ResourceLimitExceededException">

describe("the errors of each operation are those of the service model", () => {
  test("workload identities", () => {
    expectTypeOf<ErrorOf<"createWorkloadIdentity">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"getWorkloadIdentity">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"updateWorkloadIdentity">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"deleteWorkloadIdentity">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"listWorkloadIdentities">>().toEqualTypeOf<E6>()
  })

  test("OAuth2 credential providers", () => {
    expectTypeOf<ErrorOf<"createOauth2CredentialProvider">>().toEqualTypeOf<Create>()
    expectTypeOf<ErrorOf<"getOauth2CredentialProvider">>().toEqualTypeOf<E6 | "DecryptionFailure">()
    expectTypeOf<ErrorOf<"updateOauth2CredentialProvider">>().toEqualTypeOf<Update>()
    expectTypeOf<ErrorOf<"deleteOauth2CredentialProvider">>().toEqualTypeOf<E6 | "ConflictException">()
    expectTypeOf<ErrorOf<"listOauth2CredentialProviders">>().toEqualTypeOf<E6>()
  })

  test("API-key credential providers", () => {
    expectTypeOf<ErrorOf<"createApiKeyCredentialProvider">>().toEqualTypeOf<Create>()
    expectTypeOf<ErrorOf<"getApiKeyCredentialProvider">>().toEqualTypeOf<E6 | "DecryptionFailure">()
    expectTypeOf<ErrorOf<"updateApiKeyCredentialProvider">>().toEqualTypeOf<Update>()
    expectTypeOf<ErrorOf<"deleteApiKeyCredentialProvider">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"listApiKeyCredentialProviders">>().toEqualTypeOf<E6>()
  })

  test("payment credential providers", () => {
    expectTypeOf<ErrorOf<"createPaymentCredentialProvider">>().toEqualTypeOf<Create>()
    expectTypeOf<ErrorOf<"getPaymentCredentialProvider">>().toEqualTypeOf<E6 | "DecryptionFailure">()
    expectTypeOf<ErrorOf<"updatePaymentCredentialProvider">>().toEqualTypeOf<Update>()
    expectTypeOf<ErrorOf<"deletePaymentCredentialProvider">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"listPaymentCredentialProviders">>().toEqualTypeOf<E6>()
  })

  test("token vault", () => {
    expectTypeOf<ErrorOf<"getTokenVault">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"setTokenVaultCmk">>().toEqualTypeOf<E6 | "ConcurrentModificationException">()
  })

  test("tags", () => {
    expectTypeOf<ErrorOf<"tagResource">>().toEqualTypeOf<
      Five | "ResourceNotFoundException" | "ServiceQuotaExceededException"
    >()
    expectTypeOf<ErrorOf<"untagResource">>().toEqualTypeOf<Five | "ResourceNotFoundException">()
    expectTypeOf<ErrorOf<"listTagsForResource">>().toEqualTypeOf<Five | "ResourceNotFoundException">()
  })

  test("consent portals", () => {
    expectTypeOf<ErrorOf<"createConsentPortal">>().toEqualTypeOf<
      E6 | "ConflictException" | "ServiceQuotaExceededException"
    >()
    expectTypeOf<ErrorOf<"getConsentPortal">>().toEqualTypeOf<E6>()
    expectTypeOf<ErrorOf<"updateConsentPortal">>().toEqualTypeOf<E6 | "ConflictException">()
    expectTypeOf<ErrorOf<"deleteConsentPortal">>().toEqualTypeOf<E6 | "ConflictException">()
    expectTypeOf<ErrorOf<"listConsentPortals">>().toEqualTypeOf<Five | "UnauthorizedException">()
  })

  test("streams fail as their lists do", () => {
    type StreamError<F> = F extends (...args: ReadonlyArray<never>) => Stream.Stream<unknown, infer E> ? TagOf<E>
      : never
    expectTypeOf<StreamError<ControlPlane.ControlPlane["Service"]["streamWorkloadIdentities"]>>().toEqualTypeOf<E6>()
    expectTypeOf<StreamError<ControlPlane.ControlPlane["Service"]["streamConsentPortals"]>>().toEqualTypeOf<
      Five | "UnauthorizedException"
    >()
  })
})
