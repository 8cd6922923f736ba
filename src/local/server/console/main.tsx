/**
 * The console, in a browser: the sections, the messages, and the question before an action that destroys.
 * `.ci/console.mjs` bundles it.
 */
import { type ComponentType, render } from "preact"
import { useLayoutEffect } from "preact/hooks"
import { foldWaiting, isWaiting } from "../../internal/waiting.js"
import { Button, Form, InputField } from "./components.js"
import { Consents, Grants } from "./consents.js"
import {
  closeMessage,
  closeQuestion,
  connect,
  type Connection,
  connection,
  data,
  message,
  question,
  type Section,
  section,
  sections,
  start,
  token
} from "./consoleStore.js"
import { Faults } from "./faults.js"
import { Requests } from "./requests.js"
import { ClockSection, Environment, formatOffset, Providers } from "./server.js"
import { StateSection } from "./state.js"

const views: { readonly [S in Section]: readonly [View: ComponentType, introduction: string] } = {
  requests: [Requests, "The requests, their responses, and the reasons of errors. Secrets are masked."],
  consents: [Consents, "Approve or deny in place of the user at a consent page."],
  grants: [Grants, "The tokens of users in the vault. Expire, revoke or forget them, and see what your agent does."],
  providers: [Providers, "The workload identities and credential providers of this server."],
  clock: [ClockSection, "The time of the server and of its authorization server."],
  faults: [Faults, "Make calls fail, wait or break, as they do in production."],
  state: [StateSection, "The whole content of the server: reset, seed, save and restore it."],
  environment: [Environment, "Points AWS SDKs and the AgentCore SDKs of any language to this server."]
}

const connectionTexts: { readonly [C in Connection]: string } = {
  connecting: "Connecting…",
  live: "Live",
  lost: "No response. Trying again…",
  closed: "Not connected",
  stale: "Not connected",
  rejected: "Not connected"
}

/** The note of a section in the list of sections. */
const describeNote = (section: Section): readonly [text: string, meaning: string] | undefined => {
  const [clock, consents, faults] = [data.clock.value, data.consents.value, data.faults.value]
  const waiting = foldWaiting(consents ?? []).filter(isWaiting).length
  if (section === "consents" && waiting > 0) return [String(waiting), "waiting"]
  if (section === "faults" && faults !== undefined && faults.length > 0) return [String(faults.length), "active"]
  if (section === "clock" && clock !== undefined && clock.offset !== 0) {
    return [formatOffset(clock.offset), "from the real time"]
  }
  return undefined
}

const Navigation = () => (
  <nav aria-label="Sections">
    <ul>
      {Object.entries(sections).map(([name, title]) => {
        // `Object.entries` loses the names.
        const note = describeNote(name as Section)
        return (
          <li key={name}>
            <a href={`${location.pathname}#${name}`} aria-current={name === section.value ? "page" : undefined}>
              <span>{title}</span>
              {note !== undefined && (
                <span class="note">
                  {note[0]} <span class="hidden">{note[1]}</span>
                </span>
              )}
            </a>
          </li>
        )
      })}
    </ul>
  </nav>
)

const Messages = () => {
  const isProblem = message.value?.isProblem
  const shown = message.value !== undefined && (
    <p key={message.value.id} class={`message ${isProblem === true ? "bad" : "good"}`}>
      <span>{message.value.text}</span>
      <Button label="Close" onClick={closeMessage}>×</Button>
    </p>
  )
  return (
    <div class="messages">
      <div role="status">{isProblem === false && shown}</div>
      <div role="alert">{isProblem === true && shown}</div>
    </div>
  )
}

const showModal = (dialog: HTMLDialogElement | null): void => {
  if (dialog !== null && !dialog.open) dialog.showModal()
}

const Confirmation = () =>
  question.value !== undefined && (
    <dialog
      ref={showModal}
      aria-labelledby="question"
      onClose={() => closeQuestion(false)}
    >
      <h2 id="question">{question.value.title}</h2>
      <p>{question.value.text}</p>
      <div class="tools end">
        <Button onClick={() => closeQuestion(false)}>Cancel</Button>
        <Button kind="danger" onClick={() => closeQuestion(true)}>{question.value.label}</Button>
      </div>
    </dialog>
  )

const reasons: { readonly [C in Connection]?: string } = {
  rejected: "The token is not the one of the running server. A server makes a new token at each start.",
  stale: "The URL opens the console once, within a minute. It was used, or has expired."
}

const SignIn = () => (
  <main class="card sign-in">
    <h1 tabIndex={-1}>Console</h1>
    <p>{reasons[connection.value] ?? "The console acts on the server, so it needs the server's token."}</p>
    <p class="soft">
      Run <code>npx agentcore-identity console</code>, or enter the value of <code>AGENTCORE_LOCAL_TOKEN</code>.
    </p>
    <Form label="Connect" onSubmit={(read) => connect(read("token"))}>
      <InputField label="Token" name="token" type="password" autocomplete="off" required />
      <Button kind="first">Connect</Button>
    </Form>
  </main>
)

const App = () => {
  useLayoutEffect(() => {
    document.title = `${sections[section.value]} · Console of the local AgentCore Identity`
    scrollTo(0, 0)
    // The list of sections is wider than a phone.
    document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }, [section.value])
  if (token.value === undefined) return connection.value === "connecting" ? null : <SignIn />
  const [View, introduction] = views[section.value]
  return (
    <div class="page">
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          // The fragment of the address names the section.
          event.preventDefault()
          document.querySelector("h1")?.focus()
        }}
      >
        Skip to the content
      </a>
      <header>
        <p class="brand">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect width="16" height="16" rx="4" />
            <circle cx="5.5" cy="8" r="2.4" />
            <path d="M8 8h5v2.4M11 8v2" />
          </svg>
          <span>
            AgentCore Identity <small>on this machine</small>
          </span>
        </p>
        <Navigation />
        <p class={`connection ${connection.value}`} role="status">
          {connectionTexts[connection.value]} <small>{location.host}</small>
        </p>
      </header>
      <main>
        <h1 id="content" tabIndex={-1}>{sections[section.value]}</h1>
        <p class="soft introduction">{introduction}</p>
        <View />
      </main>
      <Messages />
      <Confirmation />
    </div>
  )
}

document.body.replaceChildren()
render(<App />, document.body)
start()
