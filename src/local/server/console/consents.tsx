/** The consent sessions, with actions in place of their users, and the grants in the vault. */
import { formatConsentState } from "../../backend/format.js"
import type { Consent, Grant } from "./api.js"
import { Button, formatRelative, formatUser, Scopes, Table, TwoLines } from "./components.js"
import { act, ask, data, serverNow } from "./store.js"

// -----------------------------------------------------------------------------
// Consents
// -----------------------------------------------------------------------------

export const isWaiting = ({ state }: Consent): boolean =>
  state === "Pending" || state === "Authorizing" || state === "Authorized"

const tones: Readonly<Record<string, string>> = { Completing: "warn", Completed: "good", Expired: "none" }

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
  const approve = () =>
    act("consents/approve", { id, ...readUserName() }, () => `${user} has consented to ${provider}.`)
  const deny = () => act("consents/deny", { id }, () => `${user} has denied ${provider}.`)
  const expire = () => act("consents/expire", { id }, () => `The session of ${user} has expired.`)
  return (
    <>
      <Button kind="first" label={`Approve ${about}`} onClick={approve}>Approve</Button>
      <Button label={`Deny ${about}`} onClick={deny}>Deny</Button>
      <Button label={`Expire ${about}`} onClick={expire}>Expire</Button>
    </>
  )
}

export const Consents = () => {
  const consents = data.consents.value
  const now = serverNow.value
  return (
    <>
      {consents !== undefined && consents.length > 0 && (
        <div class="tools">
          <label class="inline" for={nameInput}>Approve as</label>
          <input id={nameInput} placeholder="the user of the session" autocomplete="off" spellcheck={false} />
        </div>
      )}
      <Table
        caption="Consent sessions, the newest first"
        columns={["Provider", "User", "Scopes", "State", "Opened", ""]}
        empty={"No consent sessions. A session starts when an agent requests a token that needs a user's consent, with "
          + "GetResourceOauth2Token."}
        rows={consents?.map((consent) => ({
          key: consent.id,
          cells: [
            <TwoLines first={consent.provider} second={consent.workload} />,
            formatUser(consent.user),
            <Scopes scopes={consent.scopes} />,
            <span class={`state ${isWaiting(consent) ? "warn" : tones[consent.state] ?? "bad"}`}>
              {formatConsentState(consent)}
            </span>,
            <TwoLines
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

/** A page with more grants would be slow. */
const maxGrants = 200

const GrantActions = ({ grant }: { readonly grant: Grant }) => {
  const { id, provider } = grant
  const about = `of ${formatUser(grant.user)} for ${provider}`
  const expire = () => act("grants/expire", { id }, () => `The access token ${about} has expired.`)
  const revoke = () => act("grants/revoke", { id }, () => `The authorization server has revoked the grant ${about}.`)
  const forget = () =>
    ask({
      title: "Forget the grant?",
      text: `The vault removes the grant ${about}. The next request asks the user again.`,
      label: "Forget",
      run: () => act("grants/forget", { id }, () => `The vault has forgotten the grant ${about}.`)
    })
  return (
    <>
      <Button label={`Expire the token ${about}`} onClick={expire}>Expire</Button>
      <Button label={`Revoke the grant ${about}`} onClick={revoke}>Revoke</Button>
      <Button kind="danger" label={`Forget the grant ${about}`} onClick={forget}>Forget</Button>
    </>
  )
}

export const Grants = () => {
  const grants = data.grants.value
  const now = serverNow.value
  return (
    <>
      <Table
        caption="Grants of users"
        columns={["Provider", "User", "Scopes", "Access token", ""]}
        empty={
          <>
            No grants. The vault has one after a user has <a href="#consents">consented</a>.
          </>
        }
        rows={grants?.slice(0, maxGrants).map((grant) => ({
          key: grant.id,
          cells: [
            <TwoLines first={grant.provider} second={grant.workload} />,
            formatUser(grant.user),
            <Scopes scopes={grant.scopes} />,
            <TwoLines
              first={grant.expiresAt === undefined
                ? "expiry not known"
                : `${Date.parse(grant.expiresAt) > now ? "expires" : "expired"} ${
                  formatRelative(grant.expiresAt, now)
                }`}
              second={grant.refreshable ? "with a refresh token" : "without a refresh token"}
            />,
            <GrantActions grant={grant} />
          ]
        }))}
      />
      {grants !== undefined && grants.length > maxGrants && <p class="soft">And {grants.length - maxGrants} more.</p>}
    </>
  )
}
