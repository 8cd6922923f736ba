/** The cookies of a simulated user. */
import * as Duration from "effect/Duration"
import * as Cookies from "effect/http/Cookies"

export interface Jar {
  readonly store: (url: URL, setCookie: ReadonlyArray<string>, now: number) => void
  /** The header for a request. */
  readonly header: (url: URL) => string
}

/** Stores cookies by host and path, for all ports of a host, as browsers do. */
export const make = (): Jar => {
  const jar = new Map<string, { readonly host: string; readonly path: string; readonly cookie: Cookies.Cookie }>()
  return {
    store: (url, setCookie, now) => {
      // `Cookies` holds one cookie of each name, whatever its path, so each header is parsed alone.
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
    header: (url) =>
      [...jar.values()].filter(({ host, path }) =>
        host === url.hostname
        && (url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`))
      ).map(({ cookie }) => `${cookie.name}=${cookie.valueEncoded}`).join("; ")
  }
}
