/** The resources of the server, its clock, and the variables that point programs to it. */
import { signal } from "@preact/signals"
import { formatDuration } from "../../backend/format.js"
import * as Quote from "../../internal/quote.js"
import { Button, CheckBox, copy, Empty, Form, InputField, Name, Names, Scopes, Table, TwoLines } from "./components.js"
import { act, data, serverNow } from "./consoleStore.js"
import type { Body } from "./controlClient.js"

const count = ({ items, more }: { readonly items: ReadonlyArray<unknown>; readonly more: boolean }) => (
  <span class="count">{items.length}{more && "+"}</span>
)

const Seeded = ({ operation }: { readonly operation: string }) => (
  <>
    None yet. {operation}, or a <a href="#state">seed</a>, creates one.
  </>
)

export const Providers = () => {
  const resources = data.resources.value
  if (resources === undefined) return <Empty>Reading…</Empty>
  const { credentialProviders, offlineIssuer, workloadIdentities } = resources
  return (
    <>
      {offlineIssuer !== undefined && (
        <p class="soft">
          Offline: <code>{offlineIssuer}</code>{" "}
          stands in for all vendors and for all authorization servers on other machines.
        </p>
      )}
      <section>
        <h2>Workload identities {count(workloadIdentities)}</h2>
        <Table
          caption="Workload identities"
          columns={["Name", "Allowed return URLs"]}
          empty={<Seeded operation="CreateWorkloadIdentity" />}
          rows={workloadIdentities.items.map(({ allowedResourceOauth2ReturnUrls, name }) => ({
            key: name,
            cells: [<Name>{name}</Name>, <Names names={allowedResourceOauth2ReturnUrls} />]
          }))}
        />
      </section>
      <section>
        <h2>Credential providers {count(credentialProviders)}</h2>
        <Table
          caption="Credential providers"
          columns={["Name", "Kind", "Discovery URL or issuer", "Callback URL", "Allowed scopes"]}
          empty={<Seeded operation="CreateOauth2CredentialProvider" />}
          rows={credentialProviders.items.map(({ callbackUrl, discoveryUrl, issuer, kind, name, scopes, vendor }) => ({
            key: `${kind} ${name}`,
            cells: [
              <Name>{name}</Name>,
              <TwoLines first={kind} second={vendor ?? ""} />,
              <Names names={[discoveryUrl ?? issuer ?? []].flat()} />,
              <Names names={callbackUrl === undefined ? [] : [callbackUrl]} />,
              <Scopes scopes={scopes ?? []} />
            ]
          }))}
        />
      </section>
    </>
  )
}

const steps = ["1 minute", "10 minutes", "1 hour", "1 day", "30 days"]

const change = (body: Body<"clock">) => act("clock", body, ({ now }) => `The clock shows ${formatUtc(now)}.`)

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
          <InputField label="By" name="advance" required placeholder="90 seconds" />
          <Button>Advance</Button>
        </Form>
      </section>
      <section>
        <h2>Set</h2>
        <Form label="Set the clock" class="line" onSubmit={(read) => change({ set: `${read("set")}Z` })}>
          <InputField label="Time, in UTC" name="set" type="datetime-local" step="1" required />
          <Button>Set</Button>
        </Form>
      </section>
    </>
  )
}

type Variables = ReadonlyArray<readonly [name: string, value: string]>

const writeLines = (format: (name: string, value: string) => string) => (variables: Variables): string =>
  variables.map(([name, value]) => format(name, value)).join("\n")

// A JSON string is also a string of Python and TypeScript.
const writePython = writeLines((name, value) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
const writeTypeScript = writeLines((name, value) => `  ${name}: ${JSON.stringify(value)},`)

const formats = {
  bash: writeLines((name, value) => `export ${name}=${Quote.forBash(value)}`),
  fish: writeLines((name, value) => `set -gx ${name} ${Quote.forFish(value)}`),
  dotenv: writeLines((name, value) => `${name}=${Quote.forDotenv(value) ?? JSON.stringify(value)}`),
  Python: (variables: Variables) => `import os\n\nos.environ.update({\n${writePython(variables)}\n})`,
  TypeScript: (variables: Variables) =>
    `Object.assign(process.env, {\n${writeTypeScript(variables).replace(/,$/, "")}\n})`
}

type Format = keyof typeof formats

const mask = "••••••••"

const format = signal<Format>("bash")
const secretsShown = signal(false)

export const Environment = () => {
  const server = data.server.value
  const write = formats[format.value]
  if (server === undefined) return <Empty>Reading…</Empty>
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
            // The inputs have the names of the formats.
            format.value = (event.target as HTMLInputElement).value as Format
          }}
        >
          <legend class="hidden">Format</legend>
          {Object.keys(formats).map((name) => (
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
        <CheckBox shown={secretsShown}>Show secrets</CheckBox>
      </div>
      <pre id="environment-text" tabIndex={0} aria-label={`Environment for ${format.value}`}>{write(shown)}</pre>
      <p class="soft">
        A copy has the secrets. With AGENTCORE_LOCAL_TOKEN a program can read every credential of this server, and act
        as this page does.
      </p>
    </>
  )
}
