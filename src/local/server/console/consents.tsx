/** The consent sessions, and the answers of their users. */
import { formatConsentState } from "../../backend/format.js"
import { Button, Empty, formatRelative, formatUser, Scopes, Table, Two } from "./components.js"
import { act, type State } from "./store.js"
import type { Consent } from "./wire.js"

export const isWaiting = ({ state }: Consent): boolean =>
  state === "Pending" || state === "Authorizing" || state === "Authorized"

const tones: Readonly<Record<string, string>> = {
  Pending: "warn",
  Authorizing: "warn",
  Authorized: "warn",
  Completing: "warn",
  Completed: "good",
  Expired: "none"
}

const nameInput = "approve-as"

/** The user name of the field, or the one that the server chooses. */
const readUserName = (): { readonly userName?: string } => {
  const element = document.getElementById(nameInput)
  const userName = element instanceof HTMLInputElement ? element.value.trim() : ""
  return userName === "" ? {} : { userName }
}

const Actions = ({ consent }: { readonly consent: Consent }) => {
  const { id, provider } = consent
  const user = formatUser(consent.user)
  const about = `${provider} for ${user}`
  return (
    <>
      <Button
        kind="first"
        label={`Approve ${about}`}
        onClick={() =>
          void act("consents/approve", { id, ...readUserName() }, () => `${user} has consented to ${provider}.`)}
      >
        Approve
      </Button>
      <Button
        label={`Deny ${about}`}
        onClick={() => void act("consents/deny", { id }, () => `${user} has refused ${provider}.`)}
      >
        Deny
      </Button>
      <Button
        label={`Expire ${about}`}
        onClick={() => void act("consents/expire", { id }, () => `The session of ${user} has expired.`)}
      >
        Expire
      </Button>
    </>
  )
}

export const Consents = ({ clockDifference, consents }: State) => {
  const now = Date.now() + clockDifference
  return consents === undefined ? <Empty>Reading…</Empty> : consents.length === 0
    ? (
      <Empty>
        No consent sessions. One begins when an agent asks for a token that needs a user's consent, with
        GetResourceOauth2Token.
      </Empty>
    )
    : (
      <>
        <div class="tools">
          <label class="inline" for={nameInput}>Approve as</label>
          <input id={nameInput} placeholder="the user of the session" autocomplete="off" spellcheck={false} />
        </div>
        <Table
          caption="Consent sessions, the newest first"
          columns={["Provider", "User", "Scopes", "State", "Opened", ""]}
          rows={consents.map((consent) => ({
            key: consent.id,
            cells: [
              <Two first={consent.provider} second={consent.workload} />,
              formatUser(consent.user),
              <Scopes scopes={consent.scopes} />,
              <span class={`state ${tones[consent.state] ?? "bad"}`}>{formatConsentState(consent)}</span>,
              <Two
                first={formatRelative(consent.openedAt, now)}
                second={isWaiting(consent) ? `expires ${formatRelative(consent.expiresAt, now)}` : ""}
              />,
              isWaiting(consent) && <Actions consent={consent} />
            ]
          }))}
        />
      </>
    )
}
