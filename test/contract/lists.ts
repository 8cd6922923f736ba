import { assert, describe } from "@effect/vitest"
import type * as ControlPlane from "effect-agentcore-identity/ControlPlane"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createApiKey, createPayment, createPortal, invalid } from "./setup.js"
import { control, createProvider, createWorkload, rejects, same, type Subject, tester } from "./utils.js"

/** Pagination, quotas, and the absence of secrets from lists. */
export const lists = (subject: Subject): void => {
  const test = tester(subject)

  describe("lists", () => {
    type Request = { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined }
    type Item = { readonly name: string }

    const names = (items: ReadonlyArray<Item>) => items.map(({ name }) => name)

    const list = <R extends { readonly nextToken?: string | null | undefined }, E extends { readonly _tag: string }>(
      operation: string,
      create: (name: string) => Effect.Effect<unknown, unknown, ControlPlane.ControlPlane>,
      page: (plane: ControlPlane.ControlPlane["Service"], request: Request) => Effect.Effect<R, E>,
      items: (response: R) => ReadonlyArray<Item>,
      stream: (
        plane: ControlPlane.ControlPlane["Service"],
        options: { readonly pageSize: number }
      ) => Stream.Stream<Item, unknown>
    ) => ({
      operation,
      create,
      page: (request: Request) =>
        Effect.map(
          control((plane) => page(plane, request)),
          (response) => ({ names: names(items(response)), nextToken: response.nextToken })
        ),
      stream: (pageSize: number) => Stream.unwrap(control((plane) => Effect.succeed(stream(plane, { pageSize }))))
    })

    const all = [
      list(
        "ListWorkloadIdentities",
        (name) => createWorkload(name),
        (plane, request) => plane.listWorkloadIdentities(request),
        ({ workloadIdentities }) => workloadIdentities,
        (plane, options) => plane.streamWorkloadIdentities(options)
      ),
      list(
        "ListOauth2CredentialProviders",
        (name) => createProvider(name),
        (plane, request) => plane.listOauth2CredentialProviders(request),
        ({ credentialProviders }) => credentialProviders,
        (plane, options) => plane.streamOauth2CredentialProviders(options)
      ),
      list(
        "ListApiKeyCredentialProviders",
        (name) => createApiKey(name),
        (plane, request) => plane.listApiKeyCredentialProviders(request),
        ({ credentialProviders }) => credentialProviders,
        (plane, options) => plane.streamApiKeyCredentialProviders(options)
      ),
      list(
        "ListPaymentCredentialProviders",
        (name) => createPayment(name),
        (plane, request) => plane.listPaymentCredentialProviders(request),
        ({ credentialProviders }) => credentialProviders,
        (plane, options) => plane.streamPaymentCredentialProviders(options)
      ),
      list(
        "ListConsentPortals",
        (name) => Effect.andThen(Effect.ignore(createProvider()), createPortal(name)),
        (plane, request) => plane.listConsentPortals(request),
        ({ consentPortals }) => consentPortals,
        (plane, options) => plane.streamConsentPortals(options)
      )
    ]

    for (const { create, operation, page, stream } of all) {
      test(`${operation}: in the order of names, page by page, whatever comes in between`, function*() {
        same(yield* page({}), { names: [], nextToken: undefined })
        yield* Effect.forEach(["nnn", "aaa", "zzz", "mmm", "Bbb"], create)
        const sorted = ["Bbb", "aaa", "mmm", "nnn", "zzz"]
        same(yield* page({}), { names: sorted, nextToken: undefined })
        same((yield* page({ maxResults: 5 })).nextToken, undefined)
        const first = yield* page({ maxResults: 2 })
        same(first.names, ["Bbb", "aaa"])
        assert.isString(first.nextToken)
        // One name sorts before the next page, and one within it.
        yield* create("AAA")
        yield* create("mm1")
        const second = yield* page({ maxResults: 2, nextToken: first.nextToken ?? "" })
        same(second.names, ["mm1", "mmm"])
        same((yield* page({ nextToken: second.nextToken ?? "" })).names, ["nnn", "zzz"])
        for (const pageSize of [1, 3, 20]) {
          const items = yield* Stream.runCollect(stream(pageSize))
          same(names(items), ["AAA", "Bbb", "aaa", "mm1", "mmm", "nnn", "zzz"])
        }
      })

      test(`${operation}: takes its own tokens alone`, function*() {
        yield* Effect.forEach(["aaa", "bbb"], create)
        const { nextToken } = yield* page({ maxResults: 1 })
        const foreign = all.find((list) => list.operation !== operation)!
        yield* Effect.forEach(["xxx", "yyy"], foreign.create)
        const strange = (yield* foreign.page({ maxResults: 1 })).nextToken
        for (const token of ["x", "[]", `${nextToken}=`, `${nextToken}AA`, strange ?? "", "eyJhIjoxfQ", "ünï"]) {
          yield* rejects(subject, page({ nextToken: token }), invalid(operation, "Invalid nextToken", "nextToken"))
        }
      })
    }
  })
}
