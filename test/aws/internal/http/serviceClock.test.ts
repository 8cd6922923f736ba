import { assert, describe, it } from "@effect/vitest"
import * as ServiceClock from "../../../../src/aws/internal/http/serviceClock.js"

const date = (time: number) => ({ date: new Date(time).toUTCString() })

const noon = Date.parse("2026-01-02T12:00:00Z")
const hour = 3_600_000

describe("the clock of the service", () => {
  it("is that of the responses", () => {
    const clock = ServiceClock.make()
    assert.strictEqual(clock.offset(), 0)
    clock.read({ headers: date(noon + hour), sent: noon - 10, received: noon, offset: 0 })
    assert.strictEqual(clock.offset(), hour)
    clock.read({ headers: date(noon), sent: noon - 10, received: noon, offset: hour })
    assert.strictEqual(clock.offset(), 0)
  })

  it("corrects a time that the service does not accept, once", () => {
    const clock = ServiceClock.make()
    const response = { headers: date(noon + hour), sent: noon, received: noon }
    assert.isTrue(clock.read({ ...response, offset: 0 }))
    assert.isFalse(clock.read({ ...response, offset: hour }), "the request was signed for that time")
    // Another call has corrected it while this one was on its way.
    assert.isTrue(clock.read({ ...response, offset: 0 }))
    assert.isFalse(ServiceClock.make().read({ headers: date(noon + 200_000), sent: noon, received: noon, offset: 0 }))
  })

  it("is not that of a cache, of a late response, or of a date that is none", () => {
    const clock = ServiceClock.make()
    const response = { headers: date(noon + hour), sent: noon, received: noon, offset: 0 }
    clock.read({ ...response, headers: { ...response.headers, age: "7200" } })
    clock.read({ ...response, sent: noon - 1_000_000 })
    clock.read({ ...response, headers: {} })
    clock.read({ ...response, headers: { date: "soon" } })
    assert.strictEqual(clock.offset(), 0)
  })
})
