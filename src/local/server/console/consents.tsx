/** The consent sessions, with actions in place of their users, and the grants in the vault. */
import { formatConsentState, formatUser } from "../../backend/format.js"
import { foldWaiting, isWaiting } from "../../internal/waiting.js"
import { Button, formatRelative, Name, Scopes, Table, TwoLines } from "./components.js"
import { act, ask, data, serverNow } from "./consoleStore.js"
import type { Consent, Grant } from "./controlClient.js"

/** Whether the authorization URL leads to the authorization server. */
const canOpen = ({ state }: Consent): boolean => state === "Pending" || state === "Authorizing"

const tones: Readonly<Record<string, string>> = { Completing: "warn", Completed: "good", Expired: "none" }

const nameInput = "approve-as"

/** The user name of the field, or the one that the server chooses. */
const readUserName = (): { readonly userName?: string } => {
  const element = document.getElementById(nameInput)
  const userName = element instanceof HTMLInputElement ? element.value.trim() : ""
  return userName === "" ? {} : { userName }
}

/** A button and not a link, because the list has no authorization URLs: they are secrets. */
const OpenPage = ({ consent: { id, provider, user } }: { readonly consent: Consent }) => {
  const open = () =>
    act("consents/open", { id }, ({ url }) => {
      window.open(url, "_blank", "noopener")
      return "The page is open in another tab."
    })
  return (
    <Button kind="link" label={`Open the page of ${provider} for ${formatUser(user)}`} onClick={open}>
      Open the page
    </Button>
  )
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
        caption="Consent sessions, the newest first. Of those that wait for one request, one is shown."
        columns={["Provider", "User", "Scopes", "State", "Opened", ""]}
        empty={"No consent sessions. A session starts when an agent requests a token that needs a user's consent, with "
          + "GetResourceOauth2Token."}
        rows={consents && foldWaiting(consents).map((consent) => ({
          key: consent.id,
          cells: [
            <TwoLines first={<Name>{consent.provider}</Name>} second={<Name>{consent.workload}</Name>} />,
            <Name>{formatUser(consent.user)}</Name>,
            <Scopes scopes={consent.scopes} />,
            <TwoLines
              first={
                <span class={`state ${isWaiting(consent) ? "warn" : tones[consent.state] ?? "bad"}`}>
                  {formatConsentState(consent)}
                </span>
              }
              second={canOpen(consent) && <OpenPage consent={consent} />}
            />,
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

/** A page with more grants would be slow. */
const maxGrants = 200

const GrantActions = ({ grant }: { readonly grant: Grant }) => {
  const { id, provider } = grant
  const about = `of ${formatUser(grant.user)} for ${provider}`
  const expire = () => act("grants/expire", { id }, () => `The access token ${about} has expired.`)
  const revoke = () =>
    act("grants/revoke", { id }, ({ outcome }) =>
      outcome === "revoked"
        ? `The authorization server has revoked the grant ${about}.`
        : `The grant ${about} has no refresh token, and the authorization server does not revoke an access token alone. `
          + "The vault has forgotten the grant. The token stays valid until it expires.")
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
      {!grant.revoked && <Button label={`Revoke the grant ${about}`} onClick={revoke}>Revoke</Button>}
      <Button kind="danger" label={`Forget the grant ${about}`} onClick={forget}>Forget</Button>
    </>
  )
}

const describeExpiry = ({ expiresAt }: Grant, now: number): string =>
  expiresAt === undefined
    ? "expiry not known"
    : `${Date.parse(expiresAt) > now ? "expires" : "expired"} ${formatRelative(expiresAt, now)}`

const GrantState = ({ grant, now }: { readonly grant: Grant; readonly now: number }) => {
  const isExpired = grant.expiresAt !== undefined && Date.parse(grant.expiresAt) <= now
  return grant.revoked
    ? (
      <TwoLines
        first={<span class="state bad">revoked</span>}
        second={isExpired
          ? "the next request asks the user again"
          : `the vault issues its token until it ${describeExpiry(grant, now)}`}
      />
    )
    : (
      <TwoLines
        first={<span class={`state ${isExpired ? "none" : "good"}`}>{describeExpiry(grant, now)}</span>}
        second={grant.refreshable ? "with a refresh token" : "without a refresh token"}
      />
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
            <TwoLines first={<Name>{grant.provider}</Name>} second={<Name>{grant.workload}</Name>} />,
            <Name>{formatUser(grant.user)}</Name>,
            <Scopes scopes={grant.scopes} />,
            <GrantState grant={grant} now={now} />,
            <GrantActions grant={grant} />
          ]
        }))}
      />
      {grants !== undefined && grants.length > maxGrants && <p class="soft">And {grants.length - maxGrants} more.</p>}
    </>
  )
}
