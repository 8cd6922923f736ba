/**
 * The last request to an authorization server and its answer, and what of the answer an error may say.
 *
 * The texts of a server can repeat what the client sent. So `strip` removes the values of the request from them.
 */
import type { CustomFetch } from "openid-client"

/** Parameters that hold no secret. A text of the server may quote them. */
const publicParameters: ReadonlySet<string> = new Set([
  "audience",
  "client_id",
  "grant_type",
  "redirect_uri",
  "resource",
  "response_type",
  "scope"
])

/** The identifiers of token types, grant types and assertion types. */
const isPublicValue = (value: string): boolean => value.startsWith("urn:ietf:params:oauth:")

/** Characters. A longer text is cut. */
const maxTextLength = 300

/** Read before it is cut, because the removal of values shortens a text. */
const maxRawLength = 2000

/** RFC 6749, section 5.2, without the space. */
const errorCode = /^[\x21\x23-\x5B\x5D-\x7E]{1,64}$/

/** A piece of a value with this many characters is removed, too. */
const pieceLength = 8

const removed = "<redacted>"

/** A JWT, of whichever request. */
const jwt = /eyJ[\w-]+\.[\w-]+(\.[\w-]*)*/g

/** What a server says in place of an answer. */
export interface Refusal {
  readonly status?: number | undefined
  readonly error?: string | undefined
  readonly description?: string | undefined
}

export interface Exchange {
  /** A fetch that records its request and the answer. */
  readonly record: (fetch: (url: string, init: RequestInit) => Promise<Response>) => CustomFetch
  /** Removes the values of a callback's URL from texts, for instance its code. */
  readonly hideCallback: (url: URL) => void
  /** The refusal of the recorded answer. */
  readonly refusal: () => Refusal
  /** The refusal with these texts. */
  readonly toRefusal: (error: unknown, description: unknown) => Refusal
}

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

/** A value as it is, and in the encodings of a URL and of a form. */
const spellings = (value: string): ReadonlyArray<string> => [
  value,
  encodeURIComponent(value),
  String(new URLSearchParams([["", value]])).slice(1)
]

const isWordCharacter = (character: string | undefined): boolean => character !== undefined && /\w/.test(character)

/** Marks the characters of a text that belong to a value, or to a piece of it. */
const mark = (text: string, value: string, marks: Array<boolean>): void => {
  const markFrom = (start: number, length: number) => marks.fill(true, start, start + length)
  if (value.length < pieceLength) {
    // A short value can be a part of any word.
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
      if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + value.length])) markFrom(at, value.length)
    }
    return
  }
  for (let at = 0; at + pieceLength <= text.length; at++) {
    if (value.includes(text.slice(at, at + pieceLength))) markFrom(at, pieceLength)
  }
}

/** Removes values, pieces of values, and JWTs from a text. */
export const strip = (text: string, values: Iterable<string>): string => {
  const marks = Array.from({ length: text.length }, () => false)
  for (const value of values) {
    for (const spelling of spellings(value)) mark(text, spelling, marks)
  }
  for (const { 0: token, index } of text.matchAll(jwt)) marks.fill(true, index, index + token.length)
  return [...marks.keys()].map((index) =>
    marks[index] !== true ? text.charAt(index) : marks[index - 1] === true ? "" : removed
  ).join("")
}

/** One line of at most `maxTextLength` characters; undefined for an empty text. */
const toLine = (text: string): string | undefined => {
  // Code points, so that the cut leaves no half of one.
  const line = [...text.replaceAll(/[\p{C}\s]+/gu, " ").trim()]
  return line.length === 0
    ? undefined
    : line.length > maxTextLength
    ? `${line.slice(0, maxTextLength).join("")}…`
    : line.join("")
}

// -----------------------------------------------------------------------------
// Requests
// -----------------------------------------------------------------------------

const hiddenOf = (parameters: URLSearchParams): ReadonlyArray<string> =>
  [...parameters].flatMap(([name, value]) =>
    value === "" || publicParameters.has(name) || isPublicValue(value) ? [] : [value]
  )

/** The credentials of a header, also the secret in those of the scheme Basic, which is form-encoded (RFC 6749, section 2.3.1). */
const credentialsOf = (authorization: string | null): ReadonlyArray<string> => {
  const [scheme, credentials = ""] = (authorization ?? "").split(" ")
  if (credentials === "") return []
  if (scheme?.toLowerCase() !== "basic") return [credentials]
  const [, secret = ""] = Buffer.from(credentials, "base64").toString().split(":")
  const decoded = new URLSearchParams(`=${secret}`).get("") ?? ""
  return [credentials, ...(decoded === "" ? [] : [decoded])]
}

const parse = (text: string): { readonly error?: unknown; readonly error_description?: unknown } => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** Of a callback's query, these are for the developer. */
const callbackTexts: ReadonlySet<string> = new Set(["error", "error_description", "error_uri", "iss"])

export const make = (): Exchange => {
  const hidden = new Set<string>()
  let answer: { readonly status: number; readonly text: string } | undefined

  const toRefusal = (error: unknown, description: unknown): Refusal => ({
    error: typeof error === "string" && errorCode.test(error) && strip(error, hidden) === error ? error : undefined,
    description: typeof description === "string"
      ? toLine(strip(description.slice(0, maxRawLength), hidden))
      : undefined
  })

  const hide = (parameters: URLSearchParams) => {
    for (const value of hiddenOf(parameters)) hidden.add(value)
  }

  return {
    record: (fetch) => async (url, options) => {
      // The type of their `body` includes `undefined`, which fetch accepts.
      const init = options as RequestInit
      if (init.body instanceof URLSearchParams) hide(init.body)
      else if (typeof init.body === "string") hide(new URLSearchParams(init.body))
      for (const value of credentialsOf(new Headers(init.headers).get("authorization"))) hidden.add(value)
      answer = undefined
      const response = await fetch(url, init)
      answer = { status: response.status, text: await response.clone().text() }
      return response
    },
    hideCallback: ({ searchParams }) =>
      hide(new URLSearchParams([...searchParams].filter(([name]) => !callbackTexts.has(name)))),
    toRefusal,
    refusal: () => {
      if (answer === undefined) return {}
      const { error, error_description } = parse(answer.text)
      return { status: answer.status, ...toRefusal(error, error_description) }
    }
  }
}
