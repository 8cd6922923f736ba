/** The requests, live. */
import { signal } from "@preact/signals"
import { formatUser } from "../../backend/format.js"
import { Button, CheckBox, Empty, formatTime, Name } from "./components.js"
import { data, held, togglePause } from "./consoleStore.js"
import type { RequestRecord } from "./controlClient.js"

const filter = signal("")
const failuresOnly = signal(false)

/** The ids of the requests whose details are shown. */
const open = signal<ReadonlySet<string>>(new Set())

const setOpen = (id: string, isOpen: boolean): void => {
  if (open.value.has(id) === isOpen) return
  open.value = new Set(isOpen ? [...open.value, id] : [...open.value].filter((other) => other !== id))
}

const isFailure = ({ error, status }: RequestRecord): boolean => error !== undefined || (status ?? 0) >= 400

const toTone = (record: RequestRecord): string =>
  !isFailure(record) ? "good" : record.status === undefined || record.status >= 500 ? "bad" : "warn"

/** The members that show what a request is about, in this order. */
const subjects = ["name", "workloadName", "resourceCredentialProviderName", "oauth2Flow", "scopes"]

const readMember = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined

const describeSubject = ({ request, user }: RequestRecord): string =>
  [
    ...subjects.flatMap((name) => readMember(request, name) ?? [])
      .filter((part) => typeof part === "string" && part !== "<redacted>"),
    ...(user === undefined ? [] : [`for ${formatUser(user)}`])
  ].join(" · ")

const outcomes: Readonly<Record<string, string>> = {
  ConsentRequired: "the user has to consent",
  InProgress: "the user has not consented yet",
  Failed: "the session failed"
}

/** Marks names, and redacted values. */
const highlight = (json: string) =>
  json.split(/("(?:[^"\\]|\\.)*"(?=:)|"<redacted>")/).map((part, index) =>
    index % 2 === 0 ? part : <span class={part === "\"<redacted>\"" ? "redacted" : "name"}>{part}</span>
  )

const Json = ({ label, value }: { readonly label: string; readonly value: unknown }) => (
  <section>
    <h2>{label}</h2>
    <pre tabIndex={0} aria-label={label}>{highlight(JSON.stringify(value, null, 2))}</pre>
  </section>
)

const Details = ({ record }: { readonly record: RequestRecord }) => (
  <div class="details">
    <p class="soft">
      <time>{record.at}</time> · request id <code>{record.id}</code>
    </p>
    {record.request === undefined && record.response === undefined
      ? <p class="soft">There are no details: the request was for a page, or reached no operation.</p>
      : (
        <div class="pair">
          {record.request !== undefined && <Json label="Request" value={record.request} />}
          {record.response !== undefined && <Json label="Response" value={record.response} />}
        </div>
      )}
  </div>
)

const Request = ({ isOpen, record }: { readonly record: RequestRecord; readonly isOpen: boolean }) => {
  const outcome = outcomes[String(readMember(record.response, "_tag"))]
  return (
    <li>
      <details open={isOpen} onToggle={(event) => setOpen(record.id, event.currentTarget.open)}>
        <summary>
          <time dateTime={record.at}>{formatTime(record.at)}</time>
          <span class={`pill ${toTone(record)}`}>{record.status ?? (isFailure(record) ? "failed" : "ok")}</span>
          <span class="what">
            <span>
              <b>
                <Name>{record.operation}</Name>
              </b>{" "}
              <small>
                <Name>{describeSubject(record)}</Name>
              </small>
            </span>
            {outcome !== undefined && <span class="outcome">{outcome}</span>}
            {record.error !== undefined && (
              <span class="error">
                <Name>{record.error.name}</Name>
                {record.error.message !== "" && <span class="soft">{record.error.message}</span>}
              </span>
            )}
            {record.reasons.map((reason) => <span class="reason">{reason}</span>)}
          </span>
          <span class="took">{record.duration} ms</span>
        </summary>
        {isOpen && <Details record={record} />}
      </details>
    </li>
  )
}

const List = ({ requests, shown }: {
  readonly requests: ReadonlyArray<RequestRecord> | undefined
  /** Those that match the filter. */
  readonly shown: ReadonlyArray<RequestRecord> | undefined
}) => {
  if (shown === undefined || requests === undefined) return <Empty>Reading…</Empty>
  if (requests.length === 0) {
    return (
      <Empty>
        No requests yet. Point a program to this server, with the variables of the{" "}
        <a href="#environment">environment</a>. Its requests appear here at once.
      </Empty>
    )
  }
  if (shown.length === 0) return <Empty>None of {requests.length} requests match.</Empty>
  return (
    <ol class="requests" aria-label="Requests, the newest first">
      {shown.map((record) => <Request key={record.id} record={record} isOpen={open.value.has(record.id)} />)}
    </ol>
  )
}

export const Requests = () => {
  const requests = data.requests.value
  const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word !== "")
  const shown = requests?.filter((record) => {
    const searched = words.length === 0 ? "" : JSON.stringify(record).toLowerCase()
    return (!failuresOnly.value || isFailure(record)) && words.every((word) => searched.includes(word))
  })
  return (
    <>
      <div class="tools">
        <input
          type="search"
          aria-label="Filter the requests"
          placeholder="Filter: operation, name, user, error, reason"
          value={filter.value}
          onInput={({ currentTarget }) => {
            filter.value = currentTarget.value
          }}
        />
        <CheckBox shown={failuresOnly}>Failures only</CheckBox>
        <Button onClick={togglePause} pressed={held.value !== undefined}>
          {held.value === undefined || held.value.length === 0 ? "Pause" : `Pause (${held.value.length} new)`}
        </Button>
      </div>
      <List requests={requests} shown={shown} />
    </>
  )
}
