/** The HTML of every page that people see in a browser: one template, without scripts and external assets. */

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" }

/** HTML that is safe on a page. Only `html` makes it. */
export class Html {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

type Interpolation = string | number | Html | ReadonlyArray<Html> | undefined

/** Escapes text for element content and quoted attributes, of HTML and of XML. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "")

// Values of programs in plain JavaScript can have any type, so only the class is trusted.
const interpolate = (value: Interpolation): string => {
  if (value === undefined) return ""
  if (value instanceof Html) return value.source
  return Array.isArray(value) ? value.map(interpolate).join("") : escape(String(value))
}

/** Makes HTML from a template. It escapes every value that is not `Html` itself. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<Interpolation>): Html =>
  new Html(strings.reduce((text, part, index) => text + interpolate(values[index - 1]) + part))

export const style = [
  ":root{color-scheme:light dark;--bg:#f4f5f8;--card:#fff;--text:#1b1f2a;--soft:#5a6172;--line:#dfe2ea;",
  "--field:#8a91a3;--accent:#3346d3;--on:#fff;--hover:#2737b0;--warn:#fff6dd;--warn-text:#644a00;--bad:#b3261e;--good:#1a7f4b}",
  "@media(prefers-color-scheme:dark){:root{--bg:#10131a;--card:#191d27;--text:#e9ebf2;--soft:#a5adbf;--line:#2d3342;",
  "--field:#737c91;--accent:#9fb0ff;--on:#10131a;--hover:#bcc8ff;--warn:#2c2610;--warn-text:#f0d58a;--bad:#ff9a92;--good:#4cc38a}}",
  "*{box-sizing:border-box}",
  "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--bg);",
  "color:var(--text);font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;",
  "overflow-wrap:anywhere}",
  "main{width:100%;min-width:0;max-width:27rem;background:var(--card);border:1px solid var(--line);border-radius:14px;",
  "padding:2rem;box-shadow:0 10px 30px rgb(15 20 40/.08)}",
  "main.wide{max-width:48rem}@media(max-width:30rem){main{padding:1.5rem}}",
  "h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}",
  "p{margin:0 0 1rem}form+p{margin-top:1rem}main>:last-child,form>:last-child{margin-bottom:0}",
  "a{color:var(--accent)}code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}",
  ".brand{display:flex;align-items:center;margin:0 0 1.25rem;font-weight:650}",
  ".brand img{display:block;height:2.25rem;max-width:100%;object-fit:contain}",
  ".kicker{margin:0 0 .4rem;color:var(--soft);font-size:.85rem}.soft{color:var(--soft);font-size:.9rem}",
  ".note{margin:1.5rem 0 0;padding:.6rem .8rem;border-radius:8px;background:var(--warn);color:var(--warn-text);",
  "font-size:.875rem}",
  ".bad{color:var(--bad);font-size:.9rem;margin:.4rem 0 0}",
  "dl{margin:0 0 1.25rem;border:1px solid var(--line);border-radius:10px}dl div{padding:.65rem .85rem}",
  "dl div+div{border-top:1px solid var(--line)}dt{color:var(--soft);font-size:.8rem}dd{margin:0;font-weight:550}",
  "dd a,ul{font-weight:400}ul{margin:.15rem 0 0;padding:0;padding-inline-start:1.1rem}li+li{margin-top:.15rem}",
  ".card{margin:0 0 1rem;padding:1.1rem 1.25rem;border:1px solid var(--line);border-radius:12px}.card h2{margin:0}",
  "nav+.card{margin-top:1.25rem}form+.soft{margin-top:.75rem}",
  ".card p,.card ul{margin-bottom:.6rem}.card>:last-child{margin-bottom:0}.card .kicker{margin-bottom:.1rem}.soft strong{color:var(--text)}",
  ".status{display:flex;gap:.5rem;align-items:baseline;margin:.35rem 0 .75rem;font-weight:550}",
  ".status::before{content:\"\";flex:none;width:.6rem;height:.6rem;border:2px solid var(--field);border-radius:50%}",
  ".status.on::before{background:var(--good);border-color:var(--good)}",
  ".status.broken{color:var(--bad)}.status.broken::before{background:var(--bad);border-color:var(--bad)}",
  ".actions{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.25rem}",
  ".card header{display:flex;gap:.75rem;align-items:center;margin-bottom:.75rem}.card header p{margin:0}",
  ".logo{flex:none;display:grid;place-items:center;width:2.5rem;height:2.5rem;border:1px solid var(--line);",
  "border-radius:10px;object-fit:contain;color:var(--soft);font-weight:650}.logo::before{content:attr(data-letter)}",
  "img.logo{padding:.4rem;background:#fff}",
  ".actions button{width:auto;margin:.25rem 0 0}.actions .link{margin-bottom:0;padding:.65rem 0}",
  ".actions button:not(.link){flex:1 0 100%}@media(min-width:36rem){.wide .actions button:not(.link){flex:none}}",
  "h2{margin:0 0 .6rem;font-size:1.05rem;line-height:1.3;font-weight:650}",
  "label{display:block;margin:0 0 .35rem;font-weight:550}",
  "input[type=text]{width:100%;padding:.65rem .75rem;font:inherit;color:inherit;background:var(--bg);",
  "border:1px solid var(--field);border-radius:8px}",
  "button,a.button{display:block;width:100%;margin-top:.75rem;padding:.65rem 1rem;font:inherit;font-weight:600;",
  "cursor:pointer;color:var(--text);background:none;border:1px solid var(--field);border-radius:8px}",
  "a.button{text-align:center;text-decoration:none}",
  "input+button{margin-top:1.1rem}button:not(.first):hover,a.button:not(.first):hover{border-color:var(--accent)}",
  "button.first,a.first{color:var(--on);background:var(--accent);border-color:var(--accent)}",
  "button.first:hover,a.first:hover{background:var(--hover);border-color:var(--hover)}",
  "button.link,button.link:not(.first):hover{border-color:transparent}",
  "button.link{margin-bottom:-.5rem;color:var(--accent);font-weight:500;text-decoration:underline}",
  "a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
].join("")

/** The digest by which the content security policy allows `style`. A test computes it. */
export const styleDigest = "sha256-scJmL+r5ofmU9H5yqD172TxgN87nIE4AJzQxcUpwNC0="

/** The icon of every page, as a URL. */
export const icon = new Html(
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    + "%3Crect width='16' height='16' rx='4' fill='%233346d3'/%3E%3Cg fill='none' stroke='white' stroke-width='1.6'%3E"
    + "%3Ccircle cx='5.5' cy='8' r='2.4'/%3E%3Cpath d='M8 8h5v2.4M11 8v2'/%3E%3C/g%3E%3C/svg%3E"
)

/** What all pages of an application share. */
export interface Frame {
  /** The language of the texts. Default: `en`. */
  readonly language?: string | undefined
  /** The direction of the script. Default: `ltr`. */
  readonly direction?: "ltr" | "rtl" | undefined
  /** The name of the application, in the title of the window. */
  readonly name?: string | undefined
  /** Stands above the heading. */
  readonly header?: Html | undefined
  /** The URL of the icon. Default: `icon`. */
  readonly icon?: string | undefined
  /** A source of images other than `data:`, for the content security policy. */
  readonly images?: string | undefined
  /** A style sheet in place of `style`, with its digest. */
  readonly style?: Style | undefined
}

export interface Style {
  readonly source: string
  readonly digest: string
}

export interface Options {
  /** The title of the window and the first heading. */
  readonly title: string
  readonly body: Html
  /** The line above the heading, which names the server. */
  readonly kicker?: string | undefined
  /** Makes the page wider. */
  readonly wide?: boolean | undefined
  /** Allows forms that are sent to the page's own origin. Default: false. */
  readonly forms?: boolean | undefined
  /** The URL that the browser opens immediately. */
  readonly refresh?: string | undefined
  readonly frame?: Frame | undefined
}

export interface Page {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Renders a page, and the headers that it needs.
 *
 * Chromium applies `form-action` to every redirect after a form. The page that starts a consent does not know the
 * return URL, which may even have a custom scheme. The response to a form is therefore a page with `refresh`, not a
 * redirect, and `form-action 'self'` is enough.
 */
export const render = (options: Options): Page => {
  const { direction = "ltr", header, images, language = "en", name, ...frame } = options.frame ?? {}
  const sheet = frame.style ?? { source: style, digest: styleDigest }
  return {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; style-src '${sheet.digest}'; `
        + `img-src data:${images === undefined ? "" : ` ${images}`}; `
        + `form-action ${options.forms === true ? "'self'" : "'none'"}; frame-ancestors 'none'; base-uri 'none'`,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY"
    },
    body: html`<!doctype html>
<html lang="${language}"${direction === "rtl" ? html` dir="rtl"` : undefined}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
${options.refresh === undefined ? undefined : html`<meta http-equiv="refresh" content="0;url=${options.refresh}">`}
<title>${options.title}${name === undefined ? undefined : ` · ${name}`}</title>
<link rel="icon" href="${frame.icon ?? icon}">
<style>${new Html(sheet.source)}</style>
</head>
<body>
<main${options.wide === true ? html` class="wide"` : undefined}>
${header}${options.kicker === undefined ? undefined : html`<p class="kicker">${options.kicker}</p>`}
<h1>${options.title}</h1>
${options.body}
</main>
</body>
</html>
`.source
  }
}
