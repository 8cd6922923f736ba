/** A simulated user with a browser: its cookies, and the redirects, texts and forms of the pages that it loads. */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Redacted from "effect/Redacted"
import { boundedFetch } from "../../internal/boundedFetch.js"

/** Stores cookies by host and path, for all ports of a host, as browsers do. */
const makeJar = () => {
  const jar = new Map<string, { readonly host: string; readonly path: string; readonly cookie: Cookies.Cookie }>()
  return {
    store: (url: URL, setCookie: ReadonlyArray<string>, now: number) => {
      // `Cookies` keeps one cookie for each name and ignores paths, so each header is parsed alone.
      for (const cookie of setCookie.flatMap((header) => Object.values(Cookies.fromSetCookie(header).cookies))) {
        const path = cookie.options?.path ?? url.pathname.replace(/\/[^/]*$/, "")
        const key = `${url.hostname} ${path} ${cookie.name}`
        jar.delete(key)
        const { expires, maxAge } = cookie.options ?? {}
        const lives = maxAge === undefined
          ? expires === undefined || expires.getTime() > now
          : Duration.isGreaterThan(Duration.fromInputUnsafe(maxAge), Duration.zero)
        if (lives) jar.set(key, { host: url.hostname, path, cookie })
      }
    },
    header: (url: URL) =>
      [...jar.values()].filter(({ host, path }) =>
        host === url.hostname
        && (url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`))
      ).map(({ cookie }) => `${cookie.name}=${cookie.valueEncoded}`).join("; ")
  }
}

/** A request of a browser. `body` is a form. */
interface Request {
  readonly body: URLSearchParams | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds since the epoch, for the expiry of cookies. */
  readonly now: number
  readonly signal: AbortSignal
}

/** Makes a browser with its own cookies. It loads a page, and returns where the page redirects to. */
const makeBrowser = (timeout: number) => {
  const jar = makeJar()
  return async (url: URL, { body, headers, now, signal }: Request) => {
    const cookie = jar.header(url)
    const response = await boundedFetch(url, {
      redirect: "manual",
      method: body === undefined ? "GET" : "POST",
      headers: { accept: "text/html,*/*;q=0.8", ...headers, ...(cookie === "" ? {} : { cookie }) },
      ...(body === undefined ? {} : { body })
    }, { timeout, signal })
    jar.store(url, response.headers.getSetCookie(), now)
    const html = await response.text()
    const isRedirect = response.status >= 300 && response.status < 400
    const next = isRedirect ? response.headers.get("location") ?? undefined : readRefresh(html)
    return { status: response.status, html, next }
  }
}

interface Field {
  readonly tag: string
  readonly attributes: Readonly<Record<string, string>>
}

interface Form {
  readonly action: string
  readonly method: string
  readonly fields: ReadonlyArray<Field>
}

const entities: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: " " })
)

const decodeEntities = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    const code = decimal === undefined ? hex === undefined ? undefined : parseInt(hex, 16) : Number(decimal)
    return code === undefined
      ? entities.get(name ?? "") ?? whole
      : code <= 0x10ffff
      ? String.fromCodePoint(code)
      : whole
  })

const parseAttributes = (source: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(
      source.matchAll(/([^\s"'=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/g),
      ([, name = "", double, single, bare]) => [name.toLowerCase(), decodeEntities(double ?? single ?? bare ?? "")]
    )
  )

const parseTags = (html: string): ReadonlyArray<Field> =>
  Array.from(
    html.matchAll(/<(\/?(?:form|input|button|meta))\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi),
    ([, tag = "", attributes = ""]) => ({ tag: tag.toLowerCase(), attributes: parseAttributes(attributes) })
  )

const parseForms = (html: string): ReadonlyArray<Form> => {
  const forms: Array<{ action: string; method: string; fields: Array<Field> }> = []
  let open = false
  for (const field of parseTags(html)) {
    if (field.tag === "form") {
      open = true
      const { action = "", method = "get" } = field.attributes
      forms.push({ action, method: method.toLowerCase(), fields: [] })
    } else if (field.tag === "/form") {
      open = false
    } else if (open && (field.tag === "input" || field.tag === "button")) {
      forms.at(-1)?.fields.push(field)
    }
  }
  return forms
}

/** Reads the target of a page that refreshes immediately. */
const readRefresh = (html: string): string | undefined =>
  parseTags(html).flatMap(({ attributes, tag }) =>
    tag === "meta" && attributes["http-equiv"]?.toLowerCase() === "refresh"
      ? /^\s*0\s*[;,]\s*url\s*=\s*(.+?)\s*$/i.exec(attributes["content"] ?? "")?.slice(1) ?? []
      : []
  )[0]

const readVisibleText = (html: string): string =>
  decodeEntities(html.replace(/<(style|script|title)\b[\s\S]*?<\/\1\s*>/gi, " ").replace(/<[^>]*>/g, " "))
    .replace(/\s+/g, " ").trim()

const isButton = ({ attributes, tag }: Field): boolean =>
  tag === "button" ? (attributes["type"] ?? "submit") === "submit" : tag === "input" && attributes["type"] === "submit"

const isUserName = ({ attributes, tag }: Field): boolean =>
  tag === "input" && attributes["type"] !== "hidden"
  && (attributes["autocomplete"] === "username" || /^(login|user(name)?|email)$/i.test(attributes["name"] ?? ""))

const decisions = { allow: /^(allow|accept|approve|yes)$/i, deny: /^(deny|refuse|reject|no)$/i }

const findButton = (form: Form, value: RegExp): Field | undefined =>
  form.fields.find((field) => isButton(field) && value.test(field.attributes["value"] ?? ""))

interface UserInput {
  readonly userName: string
  readonly decision: "allow" | "deny"
  /** Whether they press the button of `http/Connect` that starts a connection. */
  readonly connects: boolean
}

/** `signIn` has a user name, `decide` has the button of the decision, and `connect` the button of `http/Connect`. */
type Kind = "signIn" | "decide" | "connect"

type FilledForm = ReturnType<typeof submit>

const submit = (kind: Kind, form: Form, button: Field | undefined, userName: string) => {
  const values = new URLSearchParams()
  for (const field of form.fields) {
    const { name, value = "" } = field.attributes
    if (name === undefined || isButton(field) && field !== button) continue
    values.append(name, isUserName(field) ? userName : value)
  }
  return { kind, action: form.action, method: form.method, values }
}

const fillIn = (form: Form, { connects, decision, userName }: UserInput): ReadonlyArray<FilledForm> => {
  if (form.fields.some(isUserName)) return [submit("signIn", form, form.fields.find(isButton), userName)]
  const decided = findButton(form, decisions[decision])
  if (decided !== undefined) return [submit("decide", form, decided, userName)]
  const connect = connects ? findButton(form, /^connect$/) : undefined
  return connect === undefined ? [] : [submit("connect", form, connect, userName)]
}

const fillInForm = (html: string, input: UserInput): FilledForm | undefined =>
  parseForms(html).flatMap((form) => fillIn(form, input))[0]

const timeout = 30_000

const maxSteps = 30

interface Step {
  readonly url: string
  /** The URL of the page with the form. */
  readonly from?: string | undefined
  readonly body?: URLSearchParams | undefined
}

interface Page {
  readonly status: number
  readonly url: Redacted.Redacted
  /** The visible text. */
  readonly text: string
}

type Pages = Arr.NonEmptyReadonlyArray<Page>

interface Walk<E, R> {
  /** Undefined for a user who sends no form. */
  readonly input: UserInput | undefined
  /** How many times they press the button of the decision. */
  readonly clicks?: 1 | 2
  /** Runs before they return from the authorization server. */
  readonly meanwhile?: Effect.Effect<unknown, E, R>
  /** Whether they open a URL. They stop at a redirect to any other one. Default: web URLs. */
  readonly follows?: (url: string) => boolean
  readonly steps?: number
}

export type Obstacle = "InvalidUrl" | "Unreachable" | "TooManySteps"

export const isWebUrl = (url: string): boolean => /^https?:$/.test(URL.parse(url)?.protocol ?? "")

/** Whether a URL is an authorization response (RFC 6749, section 4.1.2). */
const isAuthorizationResponse = (url: string): boolean => {
  const { searchParams } = new URL(url)
  return searchParams.has("state") && (searchParams.has("code") || searchParams.has("error"))
}

/** Makes the walks of a user with a new browser. `fail` makes the error for a URL. */
export const makeWalk = <Failure>(fail: (reason: Obstacle, url: string) => Effect.Effect<never, Failure>) => {
  const browse = makeBrowser(timeout)

  const resolve = (target: string, from: string): Effect.Effect<string, Failure> =>
    URL.canParse(target, from) ? Effect.succeed(new URL(target, from).href) : fail("InvalidUrl", target)

  const load = ({ body, from, url }: Step) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.tryPromise((signal) => {
        const headers = body === undefined || from === undefined ? {} : { origin: new URL(from).origin }
        return browse(new URL(url), { body, headers, now, signal })
      }).pipe(
        // The error of `fetch` may contain the URL.
        Effect.catch(() => fail("Unreachable", url))
      ))

  /** Returns the last page, or the last pages of both clicks. */
  const walk = Effect.fnUntraced(function*<E = never, R = never>(
    step: Step,
    options: Walk<E, R>
  ): Effect.fn.Return<Pages, Failure | E, R> {
    const { clicks = 1, follows = isWebUrl, input, meanwhile = Effect.void, steps = 0 } = options
    if (!isWebUrl(step.url)) return yield* fail("InvalidUrl", step.url)
    if (steps >= maxSteps) return yield* fail("TooManySteps", step.url)
    if (isAuthorizationResponse(step.url)) yield* meanwhile
    const { html, next, status } = yield* load(step)
    const page = { status, url: Redacted.make(step.url), text: readVisibleText(html) }
    const rest = { ...options, steps: steps + 1 }
    if (next !== undefined) {
      const url = yield* resolve(next, step.url)
      if (!follows(url)) return [{ ...page, url: Redacted.make(url) }]
      // Only 307 and 308 send the form again.
      return yield* walk(status === 307 || status === 308 ? { ...step, url } : { url }, rest)
    }
    const form = input === undefined || status >= 400 ? undefined : fillInForm(html, input)
    if (input === undefined || form === undefined) return [page]
    const action = yield* resolve(form.action, step.url)
    const submitted: Step = form.method === "post"
      ? { url: action, from: step.url, body: form.values }
      : { url: `${action.replace(/[?#].*$/, "")}?${form.values}` }
    // After a denial, the page of `http/Connect` shows its button again.
    const later = { ...rest, input: { ...input, connects: input.connects && form.kind !== "connect" } }
    if (form.kind !== "decide" || clicks === 1) return yield* walk(submitted, later)
    const click = walk(submitted, { ...later, clicks: 1 })
    const [first, second] = yield* Effect.all([click, click], { concurrency: "unbounded" })
    return Arr.appendAll(first, second)
  })

  return walk
}
