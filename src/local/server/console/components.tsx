/** Elements that several sections use. */
import type { Signal } from "@preact/signals"
import type { ComponentChildren, InputHTMLAttributes, TargetedSubmitEvent } from "preact"
import { formatDuration } from "../../backend/format.js"
import { complain, report } from "./consoleStore.js"

export const Button = (
  { children, kind, label, onClick, pressed }: {
    readonly children: ComponentChildren
    readonly onClick?: () => void
    readonly kind?: "first" | "danger" | "link" | undefined
    /** The accessible name, if the content does not name the object of the action. */
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

/** A field of a form, which has a name, or a box that shows and changes a signal. */
export const CheckBox = (
  { children, name, shown }: {
    readonly children: ComponentChildren
    readonly name?: string
    readonly shown?: Signal<boolean>
  }
) => (
  <label class="check">
    <input
      type="checkbox"
      name={name}
      checked={shown?.value}
      onChange={({ currentTarget }) => {
        if (shown !== undefined) shown.value = currentTarget.checked
      }}
    />
    {children}
  </label>
)

export const Empty = ({ children }: { readonly children: ComponentChildren }) => <p class="empty">{children}</p>

/** A table. A phone shows each row as a card. The column with the buttons has no heading. */
export const Table = (
  { caption, columns, empty, rows }: {
    readonly caption: string
    readonly columns: ReadonlyArray<string>
    /** The content without rows. */
    readonly empty: ComponentChildren
    readonly rows:
      | ReadonlyArray<{ readonly key: string; readonly cells: ReadonlyArray<ComponentChildren> }>
      | undefined
  }
) =>
  rows === undefined || rows.length === 0 ? <Empty>{rows === undefined ? "Reading…" : empty}</Empty> : (
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
    readonly hint?: string | undefined
    readonly children: ComponentChildren
  }
) => (
  <label class="field">
    <span>{label}</span>
    {children}
    {hint !== undefined && <small>{hint}</small>}
  </label>
)

export const InputField = (
  { hint, label, ...input }: InputHTMLAttributes & { readonly label: string; readonly hint?: string }
) => (
  <Field label={label} hint={hint}>
    <input {...input} />
  </Field>
)

/** A form that does not leave the page. `read` returns the trimmed value of a field. */
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
 * Copies a string. Selects the element that shows it where the Clipboard API is unavailable: plain http on a host other
 * than localhost.
 */
export const copy = (value: string, what: string, element: () => Element | null): void => {
  const select = () => {
    const shown = element()
    if (shown !== null) getSelection()?.selectAllChildren(shown)
    complain("This browser does not let the page copy. The text is selected: copy it with the keyboard.")
  }
  if (navigator.clipboard === undefined) return select()
  navigator.clipboard.writeText(value).then(() => report(`${what} copied.`), select)
}

export const formatTime = (time: string): string => {
  const date = new Date(time)
  return `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

/** Formats a time relative to `now`, which is in milliseconds. */
export const formatRelative = (time: string, now: number): string => {
  const at = Date.parse(time)
  return at > now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`
}

/** The longest word that a line does not break. */
const maxWordLength = 24

/** Names or a URL. A line breaks after punctuation, and in a very long word before a capital, or else anywhere. */
export const Name = ({ children }: { readonly children: string }) => {
  const words = children.split(/(?<=[\s/.:@?&=#-])/).flatMap((word) =>
    word.length > maxWordLength ? word.split(/(?<=\p{Ll})(?=\p{Lu})/u) : [word]
  )
  return (
    <span class={words.some(({ length }) => length > maxWordLength) ? "long" : undefined}>
      {words.map((word) => (
        <>
          {word}
          <wbr />
        </>
      ))}
    </span>
  )
}

/** Names below each other, or a dash if there are none. */
export const Names = ({ class: className = "list", names }: {
  readonly names: ReadonlyArray<string>
  readonly class?: string
}) => (
  <span class={className}>
    {names.length === 0 ? "–" : names.map((name) => (
      <code key={name}>
        <Name>{name}</Name>
      </code>
    ))}
  </span>
)

export const Scopes = ({ scopes }: { readonly scopes: ReadonlyArray<string> }) => (
  <Names class="scopes" names={scopes} />
)

export const TwoLines = (
  { first, second }: { readonly first: ComponentChildren; readonly second: ComponentChildren }
) => (
  <span class="two">
    <span>{first}</span>
    <small>{second}</small>
  </span>
)
