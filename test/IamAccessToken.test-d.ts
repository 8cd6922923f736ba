import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import type * as DataPlane from "effect-agentcore-identity/DataPlane"
import * as IamAccessToken from "effect-agentcore-identity/IamAccessToken"
import type * as Identity from "effect-agentcore-identity/Identity"
import type * as IdentityError from "effect-agentcore-identity/IdentityError"
import type { ApplyError } from "effect-agentcore-identity/IdentitySetup"
import type * as LocalControl from "effect-agentcore-identity/local/LocalControl"
import * as LocalIdentity from "effect-agentcore-identity/local/LocalIdentity"
import type * as SecurityTokenService from "effect-agentcore-identity/SecurityTokenService"
import * as ScriptedPlanes from "effect-agentcore-identity/testing/ScriptedPlanes"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { describe, expectTypeOf, test } from "vitest"

class WarehouseToken extends Context.Service<WarehouseToken, Redacted.Redacted>()("WarehouseToken") {}
class Database extends Context.Service<Database, { readonly name: string }>()("Database") {}

interface QueryFailed {
  readonly _tag: "QueryFailed"
}

declare const useWarehouse: Effect.Effect<number, QueryFailed, WarehouseToken | Database>
declare const useDefault: Effect.Effect<string, never, IamAccessToken.IamAccessToken>

type Failure = SecurityTokenService.SecurityTokenServiceError
type Sts = SecurityTokenService.SecurityTokenService

const audience = "https://warehouse.example.com"

describe("withIamAccessToken", () => {
  test("removes the tag from the requirements, and adds the service and its errors", () => {
    type Result = Effect.Effect<number, QueryFailed | Failure, Database | Sts>
    expectTypeOf(IamAccessToken.withIamAccessToken(useWarehouse, { audience, into: WarehouseToken })).toEqualTypeOf<
      Result
    >()
    expectTypeOf(useWarehouse.pipe(IamAccessToken.withIamAccessToken({ audience, into: WarehouseToken })))
      .toEqualTypeOf<Result>()
  })

  test("has a default tag, and needs neither Identity nor a workload access token", () => {
    expectTypeOf(useDefault.pipe(IamAccessToken.withIamAccessToken({ audience }))).toEqualTypeOf<
      Effect.Effect<string, Failure, Sts>
    >()
  })

  test("types have the limits that a type can express", () => {
    void IamAccessToken.withIamAccessToken(useDefault, { audience: [audience, audience], duration: "5 minutes" })
    // @ts-expect-error there is no audience
    void IamAccessToken.withIamAccessToken(useDefault, { audience: [] })
    // @ts-expect-error no such algorithm
    void IamAccessToken.withIamAccessToken(useDefault, { audience, signingAlgorithm: "HS256" })
    // @ts-expect-error no such unit
    void IamAccessToken.withIamAccessToken(useDefault, { audience, duration: "5 min" })
    // @ts-expect-error the value of a tag is a string
    void IamAccessToken.withIamAccessToken(useDefault, { audience, tags: { count: 1 } })
    // @ts-expect-error Database is not a token
    void IamAccessToken.withIamAccessToken(useWarehouse, { audience, into: Database })
  })

  test("the errors of STS are exact", () => {
    expectTypeOf<Failure["_tag"]>().toEqualTypeOf<
      | "ValidationException"
      | "AccessDeniedException"
      | "ThrottlingException"
      | "InternalServerException"
      | "UnknownServiceError"
      | "TransportError"
      | "OutboundWebIdentityFederationDisabledException"
      | "SessionDurationEscalationException"
      | "JWTPayloadSizeExceededException"
    >()
    expectTypeOf<Failure>().toExtend<IdentityError.IdentityError>()
  })
})

class Warehouse extends IamAccessToken.Tag<Warehouse>()("test/Warehouse", { audience, duration: "10 minutes" }) {}

declare const useDeclared: Effect.Effect<number, QueryFailed, Warehouse | Database>

describe("a declared token", () => {
  test("carries its request and its kind", () => {
    expectTypeOf(Warehouse.kind).toEqualTypeOf<"IamAccessToken">()
    expectTypeOf(Warehouse.request).toEqualTypeOf<IamAccessToken.IamAccessTokenRequest>()
    expectTypeOf(Warehouse).toExtend<IamAccessToken.IamAccessTokenCredential>()
    // @ts-expect-error no such unit
    void IamAccessToken.Tag<Warehouse>()("test/Wrong", { audience, duration: "5 min" })
    // @ts-expect-error the tag is the credential itself
    void IamAccessToken.Tag<Warehouse>()("test/Wrong", { audience, into: WarehouseToken })
  })

  test("is accepted by every function that takes a request", () => {
    type Result = Effect.Effect<number, QueryFailed | Failure, Database | Sts>
    expectTypeOf(IamAccessToken.withIamAccessToken(useDeclared, Warehouse)).toEqualTypeOf<Result>()
    expectTypeOf(useDeclared.pipe(IamAccessToken.withIamAccessToken(Warehouse))).toEqualTypeOf<Result>()
    expectTypeOf(
      Effect.map(
        IamAccessToken.makeWithIamAccessToken,
        (withIamAccessToken) => useDeclared.pipe(withIamAccessToken(Warehouse))
      )
    ).toEqualTypeOf<Effect.Effect<Effect.Effect<number, QueryFailed | Failure, Database>, never, Sts>>()
    type Token = Effect.Effect<Redacted.Redacted, Failure, Sts>
    expectTypeOf(IamAccessToken.get(Warehouse)).toEqualTypeOf<Token>()
    expectTypeOf(IamAccessToken.get({ audience })).toEqualTypeOf<Token>()
  })

  test("use infers the errors of its function", () => {
    const query: (token: Redacted.Redacted) => Effect.Effect<number, QueryFailed, Database> = () => Effect.never
    expectTypeOf(IamAccessToken.use(Warehouse, (token) => query(token), {
      rejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<QueryFailed>()
        return true
      }
    })).toEqualTypeOf<Effect.Effect<number, QueryFailed | Failure, Database | Sts>>()
  })
})

describe("makeWithIamAccessToken", () => {
  test("requires the service once", () => {
    const program = Effect.gen(function*() {
      const withIamAccessToken = yield* IamAccessToken.makeWithIamAccessToken
      return useWarehouse.pipe(withIamAccessToken({ audience, into: WarehouseToken }))
    })
    expectTypeOf(program).toEqualTypeOf<
      Effect.Effect<Effect.Effect<number, QueryFailed | Failure, Database>, never, Sts>
    >()
  })
})

describe("layers", () => {
  type Planes = DataPlane.DataPlane | ControlPlane.ControlPlane | Sts

  test("layers with the planes have STS too", () => {
    expectTypeOf(ScriptedPlanes.layer({})).toEqualTypeOf<Layer.Layer<Planes | ScriptedPlanes.ScriptedPlanes>>()
    expectTypeOf(LocalIdentity.layerTest()).toEqualTypeOf<
      Layer.Layer<Identity.Identity | Planes | LocalControl.LocalControl, ApplyError>
    >()
    type Servers = Planes | LocalControl.LocalControl | LocalIdentity.LocalServer
    expectTypeOf(LocalIdentity.layerPlanes()).toEqualTypeOf<Layer.Layer<Servers, LocalIdentity.LocalServerError>>()
    expectTypeOf(LocalIdentity.layer()).toEqualTypeOf<
      Layer.Layer<Identity.Identity | Servers, LocalIdentity.LocalServerError>
    >()
  })
})
