import { assert, describe, it } from "@effect/vitest"
import * as Store from "../../../src/local/authorization/oidcStore.js"

const start = (now = { seconds: 0 }) => ({ now, store: Store.make(() => undefined, () => now.seconds) })

const count = async (store: Store.OidcStore, model: string, ids: ReadonlyArray<string>) => {
  const found = await Promise.all(ids.map((id) => store.adapter(model).find(id)))
  return found.filter((payload) => payload !== undefined).length
}

const idsOf = (length: number) => Array.from({ length }, (_, index) => `id-${index}`)

describe("the store", () => {
  it("does not drop grants, sessions and tokens for new interactions", async () => {
    const { store } = start()
    const models = ["Grant", "Session", "RefreshToken", "AuthorizationCode"]
    for (const model of models) await store.adapter(model).upsert("alice", { accountId: "alice", exp: 3600 }, 3600)
    const interactions = store.adapter("Interaction")
    const ids = idsOf(Store.capacity + 10)
    for (const id of ids) await interactions.upsert(id, { exp: 3600 }, 3600)
    for (const model of models) assert.strictEqual(await count(store, model, ["alice"]), 1, model)
    assert.strictEqual(await count(store, "Interaction", ids), Store.capacity)
    assert.isUndefined(await interactions.find("id-9"))
    assert.isDefined(await interactions.find("id-10"))
  })

  it("drops expired entries before the oldest one", async () => {
    const { now, store } = start()
    const grants = store.adapter("Grant")
    await grants.upsert("endless", {}, 0)
    await grants.upsert("old", { exp: 3600 }, 3600)
    const ids = idsOf(Store.capacity - 2)
    for (const id of ids) await grants.upsert(id, { exp: 60 }, 60)
    now.seconds = 60
    await grants.upsert("new", { exp: 3660 }, 3600)
    assert.strictEqual(await count(store, "Grant", ["old", "endless", "new"]), 3)
    assert.strictEqual(await count(store, "Grant", ids), 0)
    now.seconds = 3600
    for (const id of ids) await grants.upsert(id, { exp: 7200 }, 3600)
    assert.isUndefined(await grants.find("old"))
    assert.strictEqual(await count(store, "Grant", ["endless", "new", ...ids]), Store.capacity)
  })

  it("searches expired entries only after one expired", async () => {
    let reads = 0
    const payload = (exp: number) => ({
      get exp() {
        reads++
        return exp
      }
    })
    const { now, store } = start()
    const grants = store.adapter("Grant")
    for (const id of idsOf(Store.capacity)) await grants.upsert(id, payload(100), 100)
    now.seconds = 99
    reads = 0
    for (const id of idsOf(1000)) await grants.upsert(`more-${id}`, payload(200), 100)
    assert.isBelow(reads, 10_000)
  })

  it("revokes the grants of one user and one client, and counts valid refresh tokens", async () => {
    const { now, store } = start({ seconds: 100 })
    const tokens = store.adapter("RefreshToken")
    await tokens.upsert("live", { accountId: "alice", clientId: "a", exp: 200 }, 100)
    await tokens.upsert("used", { accountId: "alice", clientId: "a", exp: 200 }, 100)
    await tokens.consume("used")
    await tokens.upsert("expired", { accountId: "alice", clientId: "a", exp: 100 }, 100)
    await tokens.upsert("other-client", { accountId: "alice", clientId: "b", exp: 200 }, 100)
    await tokens.upsert("other-user", { accountId: "bob", clientId: "a", exp: 200 }, 100)
    assert.strictEqual(now.seconds, 100)
    assert.strictEqual(store.revoke("alice", "a"), 1)
    assert.strictEqual(await count(store, "RefreshToken", ["live", "used", "expired"]), 0)
    assert.strictEqual(store.revoke("alice", undefined), 1)
    assert.strictEqual(await count(store, "RefreshToken", ["other-user"]), 1)
  })

  it("restores its entries as they were saved, each time", async () => {
    const { store } = start()
    const codes = store.adapter("AuthorizationCode")
    await codes.upsert("code", { exp: 60 }, 60)
    const saved = store.save()
    for (const time of ["first", "second"]) {
      await codes.consume("code")
      assert.isTrue((await codes.find("code"))?.consumed)
      await codes.upsert("later", { exp: 60 }, 60)
      store.load(saved)
      assert.deepStrictEqual(await codes.find("code"), { exp: 60 }, time)
      assert.isUndefined(await codes.find("later"))
    }
  })
})
