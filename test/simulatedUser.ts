/**
 * A user with a browser, simulated over HTTP: follows redirects, keeps cookies, fills in the login form and presses a
 * button of the consent page.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** The page where the simulated user cannot continue. `at` is its origin and path: its query may contain secrets. */
export class SimulatedUserError extends Schema.TaggedError<SimulatedUserError>(
  "test/SimulatedUserError"
)("SimulatedUserError", {
  reason: Schema.Literal("InvalidUrl", "Unreachable", "TooManySteps"),
  at: Schema.String
}) {
  override get message() {
    return `The simulated user cannot continue at ${this.at}: ${explanations[this.reason]}`
  }
}

const explanations: Record<SimulatedUserError["reason"], string> = {
  InvalidUrl: "this is not a web URL",
  Unreachable: "no answer",
  TooManySteps: "there are too many pages"
}

/**
 * The last page. A redirect to the scheme of an application ends the walk, too: then `status` is the status of the
 * redirect, and `url` its target.
 */
export interface FinalPage {
  readonly status: number
  readonly url: Redacted.Redacted
  /** The visible text of the page. */
  readonly text: string
}

export interface ConsentOptions {
  readonly authorizationUrl: Redacted.Redacted
  readonly userName: string
  readonly decision: "allow" | "deny"
}

export interface SimulatedUser {
  /** Opens the URL, signs in if asked, answers the consent, and continues to the last page. */
  readonly consent: (options: ConsentOptions) => Effect.Effect<FinalPage, SimulatedUserError>
  /** Opens the URL and follows redirects. Sends no forms. */
  readonly visit: (url: Redacted.Redacted) => Effect.Effect<FinalPage, SimulatedUserError>
}

const maxSteps = 30

// -----------------------------------------------------------------------------
// Pages
// -----------------------------------------------------------------------------

interface Field {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
}

interface Form {
  readonly action: string
  readonly method: string
  readonly fields: ReadonlyArray<Field>
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: " " }

const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    const code = decimal === undefined ? hex === undefined ? undefined : parseInt(hex, 16) : Number(decimal)
    return code === undefined
      ? entities[name ?? ""] ?? whole
      : code <= 0x10ffff
      ? String.fromCodePoint(code)
      : whole
  })

const parseAttributes = (source: string): Record<string, string> => {
  const attributes: Record<string, string> = {}
  for (
    const [, name = "", double, single, bare] of source.matchAll(
      /([^\s"'=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/g
    )
  ) {
    attributes[name.toLowerCase()] = decodeEntities(double ?? single ?? bare ?? "")
  }
  return attributes
}

const parseTags = (html: string): ReadonlyArray<Field> =>
  [...html.matchAll(/<(\/?(?:form|input|button|meta))\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi)]
    .map(([, tag = "", attributes = ""]) => ({ tag: tag.toLowerCase(), attributes: parseAttributes(attributes) }))

const parseForms = (tags: ReadonlyArray<Field>): ReadonlyArray<Form> => {
  const forms: Array<{ action: string; method: string; fields: Array<Field> }> = []
  let open = false
  for (const field of tags) {
    if (field.tag === "form") {
      open = true
      forms.push({
        action: field.attributes.action ?? "",
        method: (field.attributes.method ?? "get").toLowerCase(),
        fields: []
      })
    } else if (field.tag === "/form") {
      open = false
    } else if (open && (field.tag === "input" || field.tag === "button")) {
      forms.at(-1)?.fields.push(field)
    }
  }
  return forms
}

const refreshOf = (tags: ReadonlyArray<Field>): string | undefined =>
  tags.flatMap(({ attributes, tag }) =>
    tag === "meta" && attributes["http-equiv"]?.toLowerCase() === "refresh"
      ? /^\s*0\s*[;,]\s*url\s*=\s*(.+?)\s*$/i.exec(attributes.content ?? "")?.slice(1) ?? []
      : []
  )[0]

const textOf = (html: string): string =>
  decodeEntities(html.replace(/<(style|script|title)\b[\s\S]*?<\/\1\s*>/gi, " ").replace(/<[^>]*>/g, " ")).replace(
    /\s+/g,
    " "
  )
    .trim()

const isButton = ({ attributes, tag }: Field): boolean =>
  tag === "button" ? (attributes.type ?? "submit") === "submit" : tag === "input" && attributes.type === "submit"

const isUserName = ({ attributes, tag }: Field): boolean =>
  tag === "input"
  && (attributes.autocomplete === "username" || /^(login|user(name)?|email)$/i.test(attributes.name ?? ""))
  && attributes.type !== "hidden"

const decisions = { allow: /^(allow|accept|approve|yes)$/i, deny: /^(deny|refuse|reject|no)$/i } as const

/** Fills in a login or consent form. Returns `undefined` for other forms. */
const fillIn = (form: Form, options: ConsentOptions): URLSearchParams | undefined => {
  const buttons = form.fields.filter(isButton)
  const userName = form.fields.find(isUserName)
  const button = userName === undefined
    ? buttons.find(({ attributes }) => decisions[options.decision].test(attributes.value ?? ""))
    : buttons[0]
  if (userName === undefined && button === undefined) {
    return undefined
  }
  const values = new URLSearchParams()
  for (const field of form.fields) {
    const { name, value } = field.attributes
    if (name !== undefined && !isButton(field)) {
      values.append(name, field === userName ? options.userName : value ?? "")
    }
  }
  if (button?.attributes.name !== undefined) {
    values.append(button.attributes.name, button.attributes.value ?? "")
  }
  return values
}

// -----------------------------------------------------------------------------
// Browser
// -----------------------------------------------------------------------------

interface Step {
  readonly url: string
  readonly body?: URLSearchParams | undefined
}

const place = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed === undefined
    ? "an invalid URL"
    : /^https?:$/.test(parsed.protocol)
    ? `${parsed.origin}${parsed.pathname}`
    : `a URL of the scheme ${parsed.protocol}`
}

const failure = (reason: SimulatedUserError["reason"], url: string) =>
  new SimulatedUserError({ reason, at: place(url) })

const isWebUrl = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

/** Stores cookies by host and path, for all ports of a host, as browsers do. */
const makeJar = () => {
  const jar = new Map<string, { readonly host: string; readonly path: string; readonly cookie: Cookies.Cookie }>()
  return {
    store: (url: URL, setCookie: ReadonlyArray<string>, now: number) => {
      // `Cookies` holds one cookie of each name, whatever its path, so each header is parsed alone.
      for (const cookie of setCookie.flatMap((header) => Object.values(Cookies.fromSetCookie(header).cookies))) {
        const path = cookie.options?.path ?? url.pathname.replace(/\/[^/]*$/, "")
        const key = `${url.hostname} ${path} ${cookie.name}`
        jar.delete(key)
        const { expires, maxAge } = cookie.options ?? {}
        const lives = maxAge === undefined
          ? expires === undefined || expires.getTime() > now
          : Duration.greaterThan(maxAge, Duration.zero)
        if (lives) {
          jar.set(key, { host: url.hostname, path, cookie })
        }
      }
    },
    header: (url: URL): string =>
      [...jar.values()].filter(({ host, path }) =>
        host === url.hostname
        && (url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`))
      ).map(({ cookie }) => `${cookie.name}=${cookie.valueEncoded}`).join("; ")
  }
}

/** A user with a new browser. It keeps its cookies between calls, so that the user stays signed in. */
export const make: Effect.Effect<SimulatedUser> = Effect.sync(() => {
  const jar = makeJar()

  const load = Effect.fnUntraced(function*(step: Step) {
    const url = new URL(step.url)
    const cookie = jar.header(url)
    const { html, response } = yield* Effect.tryPromise({
      try: async (signal) => {
        const response = await fetch(url, {
          redirect: "manual",
          signal,
          method: step.body === undefined ? "GET" : "POST",
          headers: { accept: "text/html,*/*;q=0.8", ...(cookie === "" ? undefined : { cookie }) },
          ...(step.body === undefined ? undefined : { body: step.body })
        })
        return { response, html: await response.text() }
      },
      catch: () => failure("Unreachable", step.url)
    })
    jar.store(url, response.headers.getSetCookie(), yield* Clock.currentTimeMillis)
    return { status: response.status, location: response.headers.get("location"), html }
  })

  const resolve = (target: string, from: string) =>
    URL.canParse(target, from)
      ? Effect.succeed(new URL(target, from).href)
      : Effect.fail(failure("InvalidUrl", target))

  const walk = Effect.fnUntraced(function*(start: string, options: ConsentOptions | undefined) {
    if (!isWebUrl(start)) {
      return yield* failure("InvalidUrl", start)
    }
    let step: Step = { url: start }
    for (let count = 0; count < maxSteps; count++) {
      const { html, location, status } = yield* load(step)
      const url: string = step.url
      const tags = parseTags(html)
      const refresh = refreshOf(tags)
      const target = status >= 300 && status < 400 && location !== null ? location : refresh
      if (target !== undefined) {
        const next: string = yield* resolve(target, url)
        if (!isWebUrl(next)) {
          return { status, url: Redacted.make(next), text: textOf(html) }
        }
        // Only 307 and 308 send the body again.
        step = { url: next, body: status === 307 || status === 308 ? step.body : undefined }
        continue
      }
      const filled = options === undefined || status >= 400
        ? undefined
        : parseForms(tags).flatMap((form) => {
          const values = fillIn(form, options)
          return values === undefined ? [] : [{ form, values }]
        })[0]
      if (filled === undefined) {
        return { status, url: Redacted.make(url), text: textOf(html) }
      }
      const action: string = yield* resolve(filled.form.action, url)
      if (!isWebUrl(action)) {
        return yield* failure("InvalidUrl", action)
      }
      step = filled.form.method === "post"
        ? { url: action, body: filled.values }
        : { url: `${action.replace(/[?#].*$/, "")}?${filled.values}` }
    }
    return yield* failure("TooManySteps", step.url)
  })

  return {
    consent: (options) => walk(Redacted.value(options.authorizationUrl), options),
    visit: (url) => walk(Redacted.value(url), undefined)
  }
})

/** Answers one consent, in a new browser. */
export const consent = (options: ConsentOptions): Effect.Effect<FinalPage, SimulatedUserError> =>
  Effect.flatMap(make, (user) => user.consent(options))
