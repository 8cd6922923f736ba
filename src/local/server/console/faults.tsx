/** The faults, and a form for one more. */
import { signal } from "@preact/signals"
import { Button, CheckBox, Field, Form, InputField, Name, Table } from "./components.js"
import { act, data } from "./consoleStore.js"
import type { Body, FaultStatus } from "./controlClient.js"

const oauthErrors = ["invalid_grant", "invalid_client", "access_denied", "server_error", "temporarily_unavailable"]

const describeTarget = ({ endpoint, operation, provider }: FaultStatus["fault"]): string =>
  operation !== undefined
    ? operation === "*" ? "every operation" : operation
    : `${endpoint === "*" ? "every endpoint" : `the ${endpoint} endpoint`}${
      provider === undefined ? "" : ` of ${provider}`
    }`

const formatDelay = (delay: FaultStatus["fault"]["delay"]): string =>
  typeof delay !== "number" ? String(delay) : delay % 1000 === 0 ? `${delay / 1000} s` : `${delay} ms`

const describeEffect = ({ cut, delay, exception, status }: FaultStatus["fault"]): string =>
  [
    ...(delay === undefined ? [] : [`waits ${formatDelay(delay)}`]),
    ...(cut === true ? ["cuts the connection"] : []),
    ...(exception === undefined && status === undefined
      ? []
      : [`fails with ${[exception, status].filter((part) => part !== undefined).join(" ")}`])
  ].join(", ")

const strings = ["operation", "endpoint", "provider", "exception", "message", "delay"]
const numbers = ["status", "count"]

const toFault = (read: (name: string) => string): Body<"faults"> =>
  Object.fromEntries(
    [...strings, ...numbers, "cut"].filter((name) => read(name) !== "").map((name) => [
      name,
      strings.includes(name) ? read(name) : numbers.includes(name) ? Number(read(name)) : true
    ])
  )

const Options = ({ id, values }: { readonly id: string; readonly values: ReadonlyArray<string> }) => (
  <datalist id={id}>{values.map((value) => <option key={value} value={value} />)}</datalist>
)

/** The target of the fault to add. */
const target = signal<"operation" | "endpoint">("operation")

const AddFault = () => (
  <Form
    label="Add a fault"
    class="card grid"
    onSubmit={(read, form) =>
      act("faults", toFault(read), () => {
        form.reset()
        return "The fault is active."
      })}
  >
    <fieldset
      class="choice"
      onChange={(event) => {
        target.value = (event.target as HTMLInputElement).value === "endpoint" ? "endpoint" : "operation"
      }}
    >
      <legend>What fails</legend>
      <label class="check">
        <input type="radio" name="target" value="operation" checked={target.value === "operation"} />
        An operation
      </label>
      <label class="check">
        <input type="radio" name="target" value="endpoint" checked={target.value === "endpoint"} />
        A request to an authorization server
      </label>
    </fieldset>
    {target.value === "operation"
      ? (
        <InputField
          label="Operation"
          hint="* stands for all"
          name="operation"
          list="operations"
          required
          placeholder="GetResourceApiKey"
        />
      )
      : (
        <Field key="endpoint" label="Endpoint">
          <select name="endpoint">
            {["token", "authorization", "revocation", "*"].map((value) => (
              <option value={value}>{value === "*" ? "all" : value}</option>
            ))}
          </select>
        </Field>
      )}
    {target.value === "endpoint" && <InputField label="Credential provider" name="provider" placeholder="all" />}
    <InputField
      label={target.value === "operation" ? "Exception" : "OAuth error"}
      name="exception"
      list={target.value === "operation" ? "exceptions" : "oauth-errors"}
      placeholder={target.value === "operation" ? "ThrottlingException" : "invalid_grant"}
    />
    <InputField label="HTTP status" name="status" type="number" min="400" max="599" placeholder="as usual" />
    <InputField label="Message" name="message" placeholder="as usual" />
    <InputField label="Delay" name="delay" placeholder="2 seconds" />
    <InputField
      label="Calls"
      hint="After these, the fault ends. An SDK repeats a failed call."
      name="count"
      type="number"
      min="1"
      placeholder="no limit"
    />
    <CheckBox name="cut">Cut the connection</CheckBox>
    <Options id="operations" values={["*", ...data.server.value?.operations ?? []]} />
    <Options id="exceptions" values={data.server.value?.exceptions ?? []} />
    <Options id="oauth-errors" values={oauthErrors} />
    <div class="end">
      <Button kind="first">Add the fault</Button>
    </div>
  </Form>
)

export const Faults = () => {
  const faults = data.faults.value
  return (
    <>
      <Table
        caption="Faults"
        columns={["What fails", "How", "Happened", "Left", ""]}
        empty="No faults. No call fails on purpose."
        rows={faults?.map(({ fault, fired, id, remaining }) => ({
          key: id,
          cells: [
            <Name>{describeTarget(fault)}</Name>,
            <Name>{describeEffect(fault)}</Name>,
            fired,
            remaining ?? "no limit",
            <Button
              label={`Remove the fault of ${describeTarget(fault)}`}
              onClick={() => act("faults/remove", { id }, () => "The fault is removed.")}
            >
              Remove
            </Button>
          ]
        }))}
      />
      {faults !== undefined && faults.length > 0 && (
        <div class="tools">
          <Button onClick={() => act("faults/clear", {}, () => "There are no faults now.")}>Remove all</Button>
        </div>
      )}
      <section>
        <h2>Add a fault</h2>
        <AddFault />
      </section>
    </>
  )
}
