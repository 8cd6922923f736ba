/** A user with a browser of their own: signs in on the pages of the server, and allows or denies a request. */
import { boundedFetch } from "../../internal/boundedFetch.js"
import * as Html from "../../internal/html.js"

export interface Answer {
  readonly authorizationUrl: string
  readonly user: string
  readonly decision: "allow" | "deny"
}

/** Why the user did not get to the end, in words without secrets. */
export class AnswerError extends Error {
  override readonly name = "AnswerError"
}

const timeout = 10_000

/** Sign-in and consent take eight. */
const maxSteps = 20

interface Step {
  readonly url: URL
  readonly form?: URLSearchParams
}

const nextForm = (page: string, { decision, user }: Answer): URLSearchParams | undefined => {
  const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
  return prompt === "login"
    ? new URLSearchParams({ prompt, login: user })
    : prompt === "consent"
    ? new URLSearchParams({ prompt, decision })
    : undefined
}

const refreshOf = (page: string): string | undefined => {
  const target = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(page)?.[1]
  return target === undefined ? undefined : Html.unescape(target)
}

/** The `error` that a page of the server shows. */
const errorOf = (page: string): string => {
  const code = /Error: <code>([\w.-]{1,64})<\/code>/.exec(page)?.[1]
  return code === undefined ? "" : `: ${code}`
}

/** Returns the redirect to the client, with the answer in its query. Only the server itself is asked. */
export const answer = async (issuer: string, request: Answer, signal: AbortSignal): Promise<string> => {
  const cookies = new Map<string, string>()
  let step: Step = { url: new URL(request.authorizationUrl) }
  for (let count = 0; count < maxSteps; count++) {
    const { form, url } = step
    if (url.origin !== issuer) return url.href
    const response = await boundedFetch(url, {
      redirect: "manual",
      method: form === undefined ? "GET" : "POST",
      headers: {
        accept: "text/html",
        cookie: Array.from(cookies, ([name, value]) => `${name}=${value}`).join("; ")
      },
      ...(form === undefined ? {} : { body: form })
    }, { timeout, signal })
    // Names are unique in this server, whatever their paths are.
    for (const header of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      if (value === "") cookies.delete(name)
      else cookies.set(name, value)
    }
    const page = await response.text()
    const target = response.status >= 300 && response.status < 400 ? response.headers.get("location") : refreshOf(page)
    if (target !== null && target !== undefined) {
      step = { url: new URL(target, url) }
      continue
    }
    const next = response.ok && form === undefined ? nextForm(page, request) : undefined
    if (next === undefined) {
      throw new AnswerError(
        `the authorization server refused it with the status ${response.status}${errorOf(page)}`
      )
    }
    step = { url, form: next }
  }
  throw new AnswerError("the authorization server shows page after page")
}
