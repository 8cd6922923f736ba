/** The clock of the backend. */
import { formatDuration } from "../../backend/format.js"
import { Button, Empty, Field, Form } from "./components.js"
import { act, type State } from "./store.js"

const steps = ["1 minute", "10 minutes", "1 hour", "1 day", "30 days"]

const change = (body: object) => void act("clock", body, ({ now }) => `The clock shows ${formatUtc(String(now))}.`)

const formatUtc = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`

export const formatOffset = (offset: number): string => `${offset < 0 ? "−" : "+"}${formatDuration(Math.abs(offset))}`

export const ClockSection = ({ clock, clockDifference }: State) => {
  if (clock === undefined) return <Empty>Reading…</Empty>
  const { offset } = clock
  return (
    <>
      <div class="card">
        <p class="now">
          <time>{formatUtc(new Date(Date.now() + clockDifference).toISOString())}</time>
        </p>
        <p class="soft">
          {offset === 0
            ? "The real time."
            : `${formatDuration(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} the real time.`}{" "}
          Tokens, sessions and grants expire by this clock.
        </p>
        {offset !== 0 && <Button onClick={() => change({ reset: true })}>Back to the real time</Button>}
      </div>
      <section>
        <h2>Advance</h2>
        <div class="tools">
          {steps.map((step) => <Button onClick={() => change({ advance: step })}>+ {step}</Button>)}
        </div>
        <Form
          label="Advance the clock"
          class="line"
          onSubmit={(read, form) => {
            change({ advance: read("advance") })
            form.reset()
          }}
        >
          <Field label="By">
            <input name="advance" required placeholder="90 seconds" />
          </Field>
          <Button>Advance</Button>
        </Form>
      </section>
      <section>
        <h2>Set</h2>
        <Form label="Set the clock" class="line" onSubmit={(read) => change({ set: `${read("set")}Z` })}>
          <Field label="Time, in UTC">
            <input name="set" type="datetime-local" step="1" required />
          </Field>
          <Button>Set</Button>
        </Form>
      </section>
    </>
  )
}
