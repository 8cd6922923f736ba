/** The consent sessions with the answers of their users, and the grants in the vault. */
import { formatConsentState } from "../../backend/format.js"
import type { Consent, Grant } from "./api.js"
import { Button, Empty, formatRelative, formatUser, Scopes, Table, Two } from "./components.js"
import { act, ask, data, serverNow } from "./store.js"

// -----------------------------------------------------------------------------
// Consents
// -----------------------------------------------------------------------------

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

const ConsentActions = ({ consent }: { readonly consent: Consent }) => {
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

export const Consents = () => {
  const consents = data.consents.value
  const now = serverNow.value
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
              isWaiting(consent) && <ConsentActions consent={consent} />
            ]
          }))}
        />
      </>
    )
}

// -----------------------------------------------------------------------------
// Grants
// -----------------------------------------------------------------------------

/** A page of more would be slow. */
const maxGrants = 200

const GrantActions = ({ grant }: { readonly grant: Grant }) => {
  const { id, provider } = grant
  const user = formatUser(grant.user)
  const about = `of ${user} for ${provider}`
  return (
    <>
      <Button
        label={`Expire the token ${about}`}
        onClick={() => void act("grants/expire", { id }, () => `The access token ${about} has expired.`)}
      >
        Expire
      </Button>
      <Button
        label={`Revoke the grant ${about}`}
        onClick={() =>
          void act("grants/revoke", { id }, () => `The authorization server has revoked the grant ${about}.`)}
      >
        Revoke
      </Button>
      <Button
        kind="danger"
        label={`Forget the grant ${about}`}
        onClick={() =>
          ask({
            title: "Forget the grant?",
            text: `The vault removes the grant ${about}. The next request asks the user again.`,
            label: "Forget",
            run: () => void act("grants/forget", { id }, () => `The vault has forgotten the grant ${about}.`)
          })}
      >
        Forget
      </Button>
    </>
  )
}

export const Grants = () => {
  const grants = data.grants.value
  const now = serverNow.value
  return grants === undefined ? <Empty>Reading…</Empty> : grants.length === 0
    ? (
      <Empty>
        No grants. The vault keeps one after a user has <a href="#consents">consented</a>.
      </Empty>
    )
    : (
      <>
        <Table
          caption="Grants of users"
          columns={["Provider", "User", "Scopes", "Access token", ""]}
          rows={grants.slice(0, maxGrants).map((grant) => ({
            key: grant.id,
            cells: [
              <Two first={grant.provider} second={grant.workload} />,
              formatUser(grant.user),
              <Scopes scopes={grant.scopes} />,
              <Two
                first={grant.expiresAt === undefined
                  ? "end not known"
                  : `${Date.parse(grant.expiresAt) > now ? "expires" : "expired"} ${
                    formatRelative(grant.expiresAt, now)
                  }`}
                second={grant.refreshable ? "with a refresh token" : "without a refresh token"}
              />,
              <GrantActions grant={grant} />
            ]
          }))}
        />
        {grants.length > maxGrants && <p class="soft">And {grants.length - maxGrants} more.</p>}
      </>
    )
}
