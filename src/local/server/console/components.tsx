/** Elements that several sections use. */
import type { ComponentChildren, TargetedEvent, TargetedSubmitEvent } from "preact"
import { formatAge, formatDuration } from "../../backend/format.js"
import type { Consent } from "./api.js"
import { complain, report } from "./store.js"

export const Button = (
  { children, kind, label, onClick, pressed }: {
    readonly children: ComponentChildren
    readonly onClick?: () => void
    readonly kind?: "first" | "danger" | undefined
    /** For a button whose text does not say what it acts on. */
    readonly label?: string
    readonly pressed?: boolean
  }
) => (
  <button
    type={onClick === undefined ? "submit" : "button"}
    class={kind}
    aria-label={label}
    aria-pressed={pressed}
    onClick={onClick}
  >
    {children}
  </button>
)

export const CheckBox = (
  { children, ...rest }: {
    readonly children: ComponentChildren
    readonly checked: boolean
    readonly onChange: (event: TargetedEvent<HTMLInputElement>) => void
  } | { readonly children: ComponentChildren; readonly name: string }
) => (
  <label class="check">
    <input type="checkbox" {...rest} />
    {children}
  </label>
)

export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>

export interface Row {
  readonly key: string
  readonly cells: ReadonlyArray<ComponentChildren>
}

/** A table that a phone shows as one card for each row. The last column may have no heading: it has the buttons. */
export const Table = (
  { caption, columns, rows }: {
    readonly caption: string
    readonly columns: ReadonlyArray<string>
    readonly rows: ReadonlyArray<Row>
  }
) => (
  <table>
    <caption class="hidden">{caption}</caption>
    <thead>
      <tr>
        {columns.map((column) => <th scope="col">{column === "" ? <span class="hidden">Actions</span> : column}</th>)}
      </tr>
    </thead>
    <tbody>
      {rows.map(({ cells: [first, ...rest], key }) => (
        <tr key={key}>
          <th scope="row">{first}</th>
          {rest.map((cell, index) => (
            <td data-column={columns[index + 1]} class={columns[index + 1] === "" ? "actions" : undefined}>{cell}</td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
)

export const Field = (
  { children, hint, label }: {
    readonly label: string
    readonly hint?: string
    readonly children: ComponentChildren
  }
) => (
  <label class="field">
    <span>{label}</span>
    {children}
    {hint !== undefined && <small>{hint}</small>}
  </label>
)

/** A form that stays on the page. `onSubmit` gets the texts of its fields, without spaces around them. */
export const Form = (
  { children, class: className, label, onSubmit }: {
    readonly label: string
    readonly class?: string
    readonly children: ComponentChildren
    readonly onSubmit: (read: (name: string) => string, form: HTMLFormElement) => void
  }
) => (
  <form
    aria-label={label}
    class={className}
    autocomplete="off"
    onSubmit={(event: TargetedSubmitEvent<HTMLFormElement>) => {
      event.preventDefault()
      const form = event.currentTarget
      const data = new FormData(form)
      onSubmit((name) => String(data.get(name) ?? "").trim(), form)
    }}
  >
    {children}
  </form>
)

/**
 * Copies a text, or selects the element that shows it where the browser has no clipboard: on pages without TLS of other
 * hosts.
 */
export const copy = (text: string, what: string, element: () => Element | null): void => {
  const select = () => {
    const shown = element()
    if (shown !== null) getSelection()?.selectAllChildren(shown)
    complain("This browser does not let the page copy. The text is selected: copy it with the keyboard.")
  }
  if (navigator.clipboard === undefined) return select()
  navigator.clipboard.writeText(text).then(() => report(`${what} copied.`), select)
}

export const formatUser = (user: Consent["user"]): string =>
  "userId" in user ? user.userId : `${user.subject} of ${user.issuer}`

export const formatTime = (time: string): string => {
  const date = new Date(time)
  return `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

/** Formats a time before or after `now`, which is in milliseconds. */
export const formatRelative = (time: string, now: number): string => {
  const at = Date.parse(time)
  return at > now ? `in ${formatDuration(at - now)}` : `${formatAge(at, now)} ago`
}

export const Scopes = ({ scopes }: { readonly scopes: ReadonlyArray<string> }) => (
  <span class="scopes">{scopes.length === 0 ? "–" : scopes.map((scope) => <code>{scope}</code>)}</span>
)

export const Two = ({ first, second }: { readonly first: ComponentChildren; readonly second: ComponentChildren }) => (
  <span class="two">
    <span>{first}</span>
    <small>{second}</small>
  </span>
)
