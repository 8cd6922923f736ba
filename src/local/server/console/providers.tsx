/** Workload identities, credential providers, and what authorization servers refused. */
import { formatRefusal, requestNames } from "../../backend/format.js"
import { Empty, formatRelative, Table } from "./components.js"
import type { State } from "./store.js"

const count = ({ items, more }: { readonly items: ReadonlyArray<unknown>; readonly more: boolean }) => (
  <span class="count">{items.length}{more && "+"}</span>
)

export const Providers = ({ clockDifference, refusals, resources }: State) => {
  if (resources === undefined || refusals === undefined) return <Empty>Reading…</Empty>
  const { credentialProviders, workloadIdentities } = resources
  const now = Date.now() + clockDifference
  return (
    <>
      <section>
        <h2>Workload identities {count(workloadIdentities)}</h2>
        {workloadIdentities.items.length === 0
          ? (
            <Empty>
              None yet. CreateWorkloadIdentity, or a <a href="#state">seed</a>, creates one.
            </Empty>
          )
          : (
            <ul class="names">
              {workloadIdentities.items.map(({ name }) => (
                <li key={name}>
                  <code>{name}</code>
                </li>
              ))}
            </ul>
          )}
      </section>
      <section>
        <h2>Credential providers {count(credentialProviders)}</h2>
        {credentialProviders.items.length === 0
          ? (
            <Empty>
              None yet. CreateOauth2CredentialProvider, or a <a href="#state">seed</a>, creates one.
            </Empty>
          )
          : (
            <Table
              caption="Credential providers"
              columns={["Name", "Kind", "Vendor"]}
              rows={credentialProviders.items.map(({ kind, name, vendor }) => ({
                key: `${kind} ${name}`,
                cells: [name, kind, vendor ?? "–"]
              }))}
            />
          )}
      </section>
      <section>
        <h2>
          Refused by authorization servers <span class="count">{refusals.length}</span>
        </h2>
        {refusals.length === 0
          ? <Empty>Nothing. AWS does not pass on the errors of authorization servers. They appear here.</Empty>
          : (
            <Table
              caption="Refusals, the newest first"
              columns={["Provider", "Request", "Error", "Description", "When"]}
              rows={refusals.map((refusal, index) => ({
                key: `${refusals.length - index}`,
                cells: [
                  refusal.provider,
                  requestNames[refusal.request],
                  <code>{refusal.error ?? "–"}</code>,
                  formatRefusal(refusal),
                  formatRelative(refusal.at, now)
                ]
              }))}
            />
          )}
      </section>
    </>
  )
}
