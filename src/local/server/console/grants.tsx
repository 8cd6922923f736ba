/** The grants in the vault. */
import { Button, Empty, formatRelative, formatUser, Scopes, Table, Two } from "./components.js"
import { act, set, type State } from "./store.js"
import type { Grant } from "./wire.js"

/** A page of more would be slow. */
const maxRows = 200

const Actions = ({ grant }: { readonly grant: Grant }) => {
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
          set({
            question: {
              title: "Forget the grant?",
              text: `The vault removes the grant ${about}. The next request asks the user again.`,
              label: "Forget",
              run: () => void act("grants/forget", { id }, () => `The vault has forgotten the grant ${about}.`)
            }
          })}
      >
        Forget
      </Button>
    </>
  )
}

export const Grants = ({ clockDifference, grants }: State) => {
  const now = Date.now() + clockDifference
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
          rows={grants.slice(0, maxRows).map((grant) => ({
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
              <Actions grant={grant} />
            ]
          }))}
        />
        {grants.length > maxRows && <p class="soft">And {grants.length - maxRows} more.</p>}
      </>
    )
}
