import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import { ConflictException, ValidationException } from "effect-agentcore-identity/IdentityError"
import type { TransportError, UnknownServiceError } from "effect-agentcore-identity/IdentityError"
import type * as Operation from "effect-agentcore-identity/Operation"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import { describe, expectTypeOf, it } from "vitest"
import * as Rows from "./support/operation.js"

const operations = {
  createThing: Rows.make("CreateThing", {
    request: Schema.Struct({ name: Schema.String, key: Schema.RedactedFromValue(Schema.String) }),
    response: Schema.Struct({ createdTime: Schema.DateTimeUtcFromDate }),
    errors: [ValidationException, ConflictException]
  }),
  deleteThing: Rows.make("DeleteThing", {
    request: Schema.Struct({ name: Schema.String }),
    response: Rows.noResponse,
    errors: [ValidationException],
    status: 204
  }),
  listThings: Rows.make("ListThings", {
    request: Schema.Struct({ nextToken: Schema.optional(Schema.String) }),
    response: Schema.Struct({ things: Schema.Array(Schema.Number), nextToken: Schema.optional(Schema.String) }),
    errors: [ValidationException]
  }),
  listTags: Rows.make("ListTags", {
    request: Schema.Struct({ name: Schema.String }),
    response: Schema.Struct({ tags: Schema.Array(Schema.String) }),
    errors: [ValidationException]
  })
}

type Unmodelled = UnknownServiceError | TransportError

describe("a table", () => {
  it("is a plane with exact requests, responses and errors", () => {
    expectTypeOf<Operation.Plane<typeof operations>>().toEqualTypeOf<{
      readonly createThing: (
        request: { readonly name: string; readonly key: Redacted.Redacted }
      ) => Effect.Effect<{ readonly createdTime: DateTime.Utc }, ValidationException | ConflictException | Unmodelled>
      readonly deleteThing: (
        request: { readonly name: string }
      ) => Effect.Effect<void, ValidationException | Unmodelled>
      readonly listThings: (
        request: { readonly nextToken?: string | undefined }
      ) => Effect.Effect<
        { readonly things: ReadonlyArray<number>; readonly nextToken?: string | undefined },
        ValidationException | Unmodelled
      >
      readonly listTags: (
        request: { readonly name: string }
      ) => Effect.Effect<{ readonly tags: ReadonlyArray<string> }, ValidationException | Unmodelled>
    }>()
  })

  it("has a stream for each list with pages", () => {
    expectTypeOf<Operation.Streams<typeof operations>>().toEqualTypeOf<{
      readonly streamThings: (
        options?: { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined }
      ) => Stream.Stream<number, ValidationException | Unmodelled>
    }>()
  })

  it("has the AWS names of the SDK's commands", () => {
    expectTypeOf(operations.createThing.name).toEqualTypeOf<"CreateThing">()
  })
})

describe("a request", () => {
  it("has secrets and plain data", () => {
    const schema = Schema.Struct({
      secret: Schema.RedactedFromValue(Schema.String),
      list: Schema.optional(Schema.Array(Schema.Struct({ secret: Schema.RedactedFromValue(Schema.String) }))),
      map: Schema.Record(Schema.String, Schema.Number)
    })
    expectTypeOf(schema).toExtend<Schema.Codec<typeof schema.Type, Rows.Encoded<typeof schema.Type>>>()
  })

  it("rejects values that need another encoding", () => {
    const time = Schema.Struct({ time: Schema.DateTimeUtcFromDate })
    const renamed = Schema.Struct({ name: Schema.String }).pipe(Schema.encodeKeys({ name: "Name" }))
    // @ts-expect-error a date
    Rows.make("Any", { request: time, response: Rows.noResponse, errors: [] })
    // @ts-expect-error another name
    Rows.make("Any", { request: renamed, response: Rows.noResponse, errors: [] })
  })
})

describe("a decorator", () => {
  type Decorator = Operation.Decorator<typeof operations>

  it("returns the call, or fails with errors of all operations", () => {
    const decorators: ReadonlyArray<Decorator> = [
      (_, effect) => effect,
      (operation, effect) => Effect.withLogSpan(effect, operation),
      () => new ValidationException({ operation: "CreateThing", message: "not now" })
    ]
    expectTypeOf(decorators).toExtend<ReadonlyArray<Decorator>>()
  })

  it("reads a map by the name of the operation", () => {
    const isSmall: {
      readonly [K in keyof typeof operations]?: (request: Operation.Request<(typeof operations)[K]>) => boolean
    } = {
      createThing: ({ name }) => name.length < 10
    }
    const fallback: { readonly [K in keyof typeof operations]?: Operation.Response<(typeof operations)[K]> } = {
      listTags: { tags: [] }
    }
    const decorator: Decorator = (operation, effect, request) => {
      const response = fallback[operation]
      return isSmall[operation]?.(request) === true || response === undefined ? effect : Effect.succeed(response)
    }
    expectTypeOf(decorator).toExtend<Decorator>()
  })

  it("rejects a response or an error of one operation", () => {
    expectTypeOf<() => Effect.Effect<{ readonly tags: ReadonlyArray<string> }>>().not.toExtend<Decorator>()
    expectTypeOf<() => Effect.Effect<never, ConflictException>>().not.toExtend<Decorator>()
    expectTypeOf<() => Effect.Effect<never, ValidationException>>().toExtend<Decorator>()
  })
})

describe("the control plane", () => {
  it("does not mix the errors of its operations", () => {
    // @ts-expect-error no error of this operation
    const tag: Effect.Error<
      ReturnType<Operation.Plane<typeof ControlPlane.operations>["createWorkloadIdentity"]>
    >["_tag"] = "ConflictException"
    void tag
  })
})
