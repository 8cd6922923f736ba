/** The variables that point programs to the server. */
import { Button, CheckBox, copy, Empty } from "./components.js"
import { formats } from "./shells.js"
import { set, type State } from "./store.js"

const mask = "••••••••"

export const Environment = ({ format, secretsShown, server }: State) => {
  const write = formats.get(format)
  if (server === undefined || write === undefined) return <Empty>Reading…</Empty>
  const { environment, secrets } = server
  const variables = Object.entries(environment)
  const shown = variables.map(([name, value]) =>
    [name, !secretsShown && secrets.includes(name) && value !== "" ? mask : value] as const
  )
  return (
    <>
      <div class="tools">
        <fieldset
          class="segments"
          onChange={(event) => set({ format: (event.target as HTMLInputElement).value })}
        >
          <legend class="hidden">Format</legend>
          {Array.from(formats.keys(), (name) => (
            <label>
              <input type="radio" name="format" value={name} checked={name === format} />
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
          checked={secretsShown}
          onChange={(event) => set({ secretsShown: event.currentTarget.checked })}
        >
          Show secrets
        </CheckBox>
      </div>
      <pre id="environment-text" tabIndex={0} aria-label={`Environment for ${format}`}>{write(shown)}</pre>
      <p class="soft">
        A copy has the secrets. With AGENTCORE_LOCAL_TOKEN a program can read every credential of this server, and act
        as this page does.
      </p>
    </>
  )
}
