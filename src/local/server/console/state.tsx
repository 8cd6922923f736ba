/** The whole content of the server: reset, seed and snapshots. */
import { signal } from "@preact/signals"
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser"
import { Button, Field, Form, formatRelative, InputField, Table } from "./components.js"
import { act, ask, complain, data, serverNow } from "./consoleStore.js"
import type { Done, Read } from "./controlClient.js"

/** The changes of the last seed. */
const changes = signal<Done<"seed">["changes"]>()

const all: ReadonlyArray<Read> = ["requests", "grants", "snapshots", "resources"]

const askReset = (): void =>
  ask({
    title: "Reset the server?",
    text: "The server returns to its start. All other resources, grants, sessions, faults and requests are removed. "
      + "Snapshots stay.",
    label: "Reset",
    run: () => act("reset", {}, () => "The server is reset to its start.", all)
  })

const askRestore = (name: string): void =>
  ask({
    title: "Restore?",
    text: `The content of the server is replaced by the snapshot ${name}.`,
    label: "Restore",
    run: () => act("restore", { name }, () => `The server has the content of the snapshot ${name}.`, all)
  })

const seed = (input: string): void => {
  const errors: Array<ParseError> = []
  const setup: unknown = parse(input, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error !== undefined) {
    const reason = printParseErrorCode(error.error).replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    const line = input.slice(0, error.offset).split("\n").length
    return complain(`The setup is not valid JSON: ${reason}, in line ${line}`)
  }
  if (typeof setup !== "object" || setup === null || Array.isArray(setup)) {
    return complain("A setup is a JSON object")
  }
  act("seed", setup, (response) => {
    changes.value = response.changes
    return "The setup is applied."
  }, all)
}

/** `takenAt` is the real time, and not the time of the server. */
const Snapshots = () => (
  <section>
    <h2>Snapshots</h2>
    <Form
      label="Take a snapshot"
      class="line"
      onSubmit={(read, form) =>
        act("snapshot", { name: read("name") }, () => {
          form.reset()
          return `The snapshot ${read("name")} is taken.`
        })}
    >
      <InputField label="Name" name="name" required maxLength={64} pattern="[\w.\-]+" placeholder="before-the-test" />
      <Button>Take a snapshot</Button>
    </Form>
    <Table
      caption="Snapshots"
      columns={["Name", "Taken", ""]}
      empty="No snapshots. A snapshot has the content and the offset of the clock. It lasts as long as the server runs."
      rows={data.snapshots.value?.map(({ name, takenAt }) => ({
        key: name,
        cells: [
          name,
          formatRelative(takenAt, serverNow.value - (data.clock.value?.offset ?? 0)),
          <Button
            label={`Restore the snapshot ${name}`}
            onClick={() => askRestore(name)}
          >
            Restore
          </Button>
        ]
      }))}
    />
  </section>
)

export const StateSection = () => (
  <>
    <div class="card row">
      <p>
        <b>Reset</b>
        <small>Returns to the start: empty, with the setup of the start and the real time.</small>
      </p>
      <Button kind="danger" onClick={askReset}>Reset the server</Button>
    </div>
    <section>
      <h2>Seed</h2>
      <Form label="Seed" onSubmit={(read) => seed(read("setup"))}>
        <Field
          label="Setup"
          hint="JSON, with comments if you like. It adds to what exists. The server rejects {&quot;$env&quot;}, which would read its own variables."
        >
          <textarea
            name="setup"
            rows={7}
            required
            spellcheck={false}
            placeholder={`{\n  "workloadIdentities": [{ "name": "my-agent" }],\n`
              + `  "apiKeyCredentialProviders": [{ "name": "weather", "apiKey": "for development" }]\n}`}
          />
        </Field>
        <Button>Seed</Button>
      </Form>
      {changes.value !== undefined && (
        <Table
          caption="What the seed changed"
          columns={["Name", "Kind", "Action"]}
          empty="The setup names no resources."
          rows={changes.value.map(({ action, kind, name }) => ({
            key: `${kind} ${name}`,
            cells: [name, kind, action]
          }))}
        />
      )}
    </section>
    <Snapshots />
  </>
)
