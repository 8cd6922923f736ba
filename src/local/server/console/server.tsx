/** What exists on the server, its clock, and the variables that point programs to it. */
import { signal } from "@preact/signals"
import { formatDuration, formatRefusal, requestNames } from "../../backend/format.js"
import * as Quote from "../../internal/quote.js"
import type { Body } from "./api.js"
import { Button, CheckBox, copy, Empty, Field, Form, formatRelative, Table } from "./components.js"
import { act, data, serverNow } from "./store.js"

// -----------------------------------------------------------------------------
// Providers
// -----------------------------------------------------------------------------

const count = ({ items, more }: { readonly items: ReadonlyArray<unknown>; readonly more: boolean }) => (
  <span class="count">{items.length}{more && "+"}</span>
)

export const Providers = () => {
  const refusals = data.refusals.value
  const resources = data.resources.value
  if (resources === undefined || refusals === undefined) return <Empty>Reading…</Empty>
  const { credentialProviders, workloadIdentities } = resources
  const now = serverNow.value
  return (
    <>
      <section>
        <h2>Workload identities {count(workloadIdentities)}</h2>
        {workloadIdentities.items.length === 0
          ? (
            <Empty>
              None yet. CreateWorkloadIdentity, or a <a href="#state">seed</a>, creates one.
            </Empty>
          )
          : (
            <ul class="names">
              {workloadIdentities.items.map(({ name }) => (
                <li key={name}>
                  <code>{name}</code>
                </li>
              ))}
            </ul>
          )}
      </section>
      <section>
        <h2>Credential providers {count(credentialProviders)}</h2>
        {credentialProviders.items.length === 0
          ? (
            <Empty>
              None yet. CreateOauth2CredentialProvider, or a <a href="#state">seed</a>, creates one.
            </Empty>
          )
          : (
            <Table
              caption="Credential providers"
              columns={["Name", "Kind", "Vendor"]}
              rows={credentialProviders.items.map(({ kind, name, vendor }) => ({
                key: `${kind} ${name}`,
                cells: [name, kind, vendor ?? "–"]
              }))}
            />
          )}
      </section>
      <section>
        <h2>
          Refused by authorization servers <span class="count">{refusals.length}</span>
        </h2>
        {refusals.length === 0
          ? <Empty>Nothing. AWS does not pass on the errors of authorization servers. They appear here.</Empty>
          : (
            <Table
              caption="Refusals, the newest first"
              columns={["Provider", "Request", "Error", "Description", "When"]}
              rows={refusals.map((refusal, index) => ({
                key: `${refusals.length - index}`,
                cells: [
                  refusal.provider,
                  requestNames[refusal.request],
                  <code>{refusal.error ?? "–"}</code>,
                  formatRefusal(refusal),
                  formatRelative(refusal.at, now)
                ]
              }))}
            />
          )}
      </section>
    </>
  )
}

// -----------------------------------------------------------------------------
// Clock
// -----------------------------------------------------------------------------

const steps = ["1 minute", "10 minutes", "1 hour", "1 day", "30 days"]

const change = (body: Body<"clock">) => void act("clock", body, ({ now }) => `The clock shows ${formatUtc(now)}.`)

const formatUtc = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`

export const formatOffset = (offset: number): string => `${offset < 0 ? "−" : "+"}${formatDuration(Math.abs(offset))}`

export const ClockSection = () => {
  const clock = data.clock.value
  if (clock === undefined) return <Empty>Reading…</Empty>
  const { offset } = clock
  return (
    <>
      <div class="card">
        <p class="now">
          <time>{formatUtc(new Date(serverNow.value).toISOString())}</time>
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

// -----------------------------------------------------------------------------
// Environment
// -----------------------------------------------------------------------------

type Variables = ReadonlyArray<readonly [name: string, value: string]>

const writeLines = (variables: Variables, format: (name: string, value: string) => string): string =>
  variables.map(([name, value]) => format(name, value)).join("\n")

/** A string of JSON is one of Python and TypeScript, too. */
const formats: ReadonlyMap<string, (variables: Variables) => string> = new Map([
  ["bash", (variables: Variables) => writeLines(variables, (name, value) => `export ${name}=${Quote.forBash(value)}`)],
  ["fish", (variables: Variables) => writeLines(variables, (name, value) => `set -gx ${name} ${Quote.forFish(value)}`)],
  [
    "dotenv",
    (variables: Variables) =>
      writeLines(variables, (name, value) => `${name}=${Quote.forDotenv(value) ?? JSON.stringify(value)}`)
  ],
  [
    "Python",
    (variables: Variables) =>
      `import os\n\nos.environ.update({\n${
        writeLines(variables, (name, value) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
      }\n})`
  ],
  [
    "TypeScript",
    (variables: Variables) =>
      `Object.assign(process.env, {\n${
        writeLines(variables, (name, value) => `  ${name}: ${JSON.stringify(value)},`).replace(/,$/, "")
      }\n})`
  ]
])

const mask = "••••••••"

const format = signal("bash")
const secretsShown = signal(false)

export const Environment = () => {
  const server = data.server.value
  const write = formats.get(format.value)
  if (server === undefined || write === undefined) return <Empty>Reading…</Empty>
  const { environment, secrets } = server
  const variables = Object.entries(environment)
  const shown = variables.map(([name, value]) =>
    [name, !secretsShown.value && secrets.includes(name) && value !== "" ? mask : value] as const
  )
  return (
    <>
      <div class="tools">
        <fieldset
          class="segments"
          onChange={(event) => {
            format.value = (event.target as HTMLInputElement).value
          }}
        >
          <legend class="hidden">Format</legend>
          {Array.from(formats.keys(), (name) => (
            <label>
              <input type="radio" name="format" value={name} checked={name === format.value} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
        <Button
          kind="first"
          onClick={() =>
            copy(write(variables), "The environment is", () => document.querySelector("#environment-text"))}
        >
          Copy
        </Button>
        <CheckBox
          checked={secretsShown.value}
          onChange={(event) => {
            secretsShown.value = event.currentTarget.checked
          }}
        >
          Show secrets
        </CheckBox>
      </div>
      <pre id="environment-text" tabIndex={0} aria-label={`Environment for ${format.value}`}>{write(shown)}</pre>
      <p class="soft">
        A copy has the secrets. With AGENTCORE_LOCAL_TOKEN a program can read every credential of this server, and act
        as this page does.
      </p>
    </>
  )
}
