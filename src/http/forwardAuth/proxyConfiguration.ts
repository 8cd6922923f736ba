/**
 * The configurations of the proxies that ask `ForwardAuth`. A sandbox sends the requests for an origin to a path of the
 * proxy: those for `https://api.example.com/v1` to `/api.example.com/v1`.
 *
 * The headers that `ForwardAuth` trusts have the origin of the configuration, and a credential replaces whatever the
 * agent sent. So a request that is parsed in two ways still brings a credential to its own origin only.
 */
import * as Cause from "effect/Cause"
import { isDeclared } from "../../internal/identity/declared.js"
import { isReserved } from "./askedRequest.js"
import type { Entry } from "./decide.js"

export interface ProxyOptions {
  /** Where the proxy listens, as in `127.0.0.1:8080`. */
  readonly listen: string
  /** The URL of the route, as in `http://127.0.0.1:4030/forward-auth`. */
  readonly forwardAuth: string
  readonly credentials: ReadonlyArray<Entry>
  /** The authorities of the origins, a file in PEM. Default: those of the machine; for nginx, those of Debian. */
  readonly authorities?: string | undefined
}

interface Origin {
  readonly url: URL
  /** The path of the proxy, without the last slash. */
  readonly path: string
  readonly header: string
  readonly stepUp: boolean
}

/** The path of an origin at the proxy. */
export const pathOf = (origin: string): string => `/${new URL(origin).host.replaceAll(/[[\]]/g, "")}`

const originsOf = ({ credentials }: ProxyOptions): ReadonlyArray<Origin> => {
  const origins = credentials.flatMap((entry) => {
    const name = "header" in entry && isDeclared(entry.credential, "ApiKey") ? entry.header : "authorization"
    // Names are compared below.
    const header = name.toLowerCase().replaceAll(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
    return entry.origins.map((origin) => {
      const url = new URL(origin)
      // A URL may have a dollar or a quote in its host, which the configurations would read.
      if (!/^[\w.:[\]-]+$/.test(url.host) || !/^[\w-]+$/.test(header)) {
        throw new Cause.IllegalArgumentError("A host or a header has characters that a configuration cannot have")
      }
      // Caddy removes all spellings of a header, which are 64 here.
      if (isReserved(header) || header.split(/[-_]/).length > 7) {
        throw new Cause.IllegalArgumentError(`The header '${header}' is reserved, or has more than 6 hyphens`)
      }
      return { url, path: pathOf(origin), header, stepUp: "stepUp" in entry && entry.stepUp === true }
    })
  })
  const repeated = origins.find(({ path }, index) => origins.findIndex((one) => one.path === path) < index)
  if (repeated !== undefined) {
    throw new Cause.IllegalArgumentError(`Two origins have the path ${repeated.path} at the proxy: list one of them`)
  }
  return origins
}

/** The headers of an agent's request that no origin receives. */
const removed = (origins: ReadonlyArray<Origin>): ReadonlyArray<string> => [
  ...new Set([
    "Authorization",
    "Cookie",
    "X-Api-Key",
    "Proxy-Authorization",
    ...origins.flatMap(({ header }) => [header, header.replaceAll("_", "-")])
  ])
]

const portOf = ({ port, protocol }: URL): string => port === "" ? protocol === "https:" ? "443" : "80" : port

const indent = (lines: string, by: string): string => lines.trim().replaceAll(/\n(?=.)/g, `\n${by}`)

const variableOf = (header: string): string => header.toLowerCase().replaceAll("-", "_")

/** The variable with the value of a header. No header has the name of another variable. */
const valueOf = (header: string): string => `$agentcore_header_${variableOf(header)}`

const nginxLocation = (
  { header, path, stepUp, url }: Origin,
  index: number,
  headers: ReadonlyArray<string>
): string => {
  const others = headers.filter((name) => name !== header).map((name) => `set ${valueOf(name)} "";`)
  const ask = `auth_request /_forward_auth;
auth_request_set ${valueOf(header)} $upstream_http_${variableOf(header)};
auth_request_set $agentcore_credential $upstream_http_x_agentcore_credential;
auth_request_set $agentcore_error $upstream_http_x_agentcore_error;
auth_request_set $agentcore_link $upstream_http_link;
proxy_pass ${url.protocol}//agentcore_${index}$agentcore_target;
proxy_ssl_name ${url.hostname};`
  return `
location ${path}/ {
  # The path as the agent sent it. An encoded or a relative path to this place is an error.
  set $agentcore_target "";
  if ($request_uri ~ "^${path.replaceAll(".", "\\.")}(/.*)$") { set $agentcore_target $1; }
  if ($agentcore_target = "") { return 400; }
  set $agentcore_protocol ${url.protocol.slice(0, -1)};
  set $agentcore_host ${url.host};
  set $agentcore_report "";
  set $agentcore_challenge "";
  ${others.join("\n  ")}
  ${indent(ask, "  ")}
  proxy_intercept_errors on;
  error_page 401${stepUp ? " 403" : ""} = @agentcore_${index};
}
# After a rejection, the request is sent once more with another credential.
location @agentcore_${index} {
  set $agentcore_report "$upstream_status $agentcore_credential";
  set $agentcore_challenge $upstream_http_www_authenticate;
  ${indent(ask, "  ")}
  error_page 401 = @agentcore_link;
}`
}

/** A file for the `http` block of nginx. */
export const nginx = (options: ProxyOptions): string => {
  const origins = originsOf(options)
  const forwardAuth = new URL(options.forwardAuth)
  const used = [...new Set(origins.map(({ header }) => header))]
  const headers = removed(origins).map((header) =>
    `proxy_set_header ${header} ${used.includes(header) ? valueOf(header) : "\"\""};`
  )
  const upstreams = origins.map(({ url }, index) =>
    `upstream agentcore_${index} { server ${url.hostname}:${portOf(url)}; keepalive 8; }`
  )
  return `${upstreams.join("\n")}
upstream agentcore_forward_auth { server ${forwardAuth.host}; keepalive 8; }

map $agentcore_link $agentcore_body {
  default '{"error":"$agentcore_error"}';
  "~^<(?<agentcore_address>[^>]*)>" '{"error":"$agentcore_error","link":"$agentcore_address"}';
}

server {
  listen ${options.listen};
  client_max_body_size 100m;
  # Some origins read an underscore as a hyphen.
  underscores_in_headers off;
  ignore_invalid_headers on;
  recursive_error_pages on;
  proxy_http_version 1.1;
  proxy_buffering off;
  # A credential has up to 16,000 characters, and the headers of an origin have as many.
  proxy_buffer_size 32k;
  proxy_buffers 4 32k;
  proxy_read_timeout 10m;
  # A response of an origin must not choose the next request.
  proxy_redirect off;
  proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
  proxy_ssl_server_name on;
  proxy_ssl_verify on;
  proxy_ssl_verify_depth 4;
  proxy_ssl_trusted_certificate ${options.authorities ?? "/etc/ssl/certs/ca-certificates.crt"};
  # A cookie of an origin would be a credential, too.
  proxy_hide_header Set-Cookie;
  proxy_set_header Host $agentcore_host;
  proxy_set_header Connection "";
  # What the agent sends in these headers reaches no origin.
  ${headers.join("\n  ")}

  location / { return 404; }

  location = /_forward_auth {
    internal;
    proxy_pass http://agentcore_forward_auth${forwardAuth.pathname};
    # Nothing of the agent, but its session.
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_set_header Host ${forwardAuth.host};
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
    proxy_set_header Authorization $http_authorization;
    proxy_set_header X-Forwarded-Method $request_method;
    proxy_set_header X-Forwarded-Proto $agentcore_protocol;
    proxy_set_header X-Forwarded-Host $agentcore_host;
    proxy_set_header X-Forwarded-Uri $agentcore_target;
    proxy_set_header X-AgentCore-Rejected $agentcore_report;
    proxy_set_header X-AgentCore-Challenge $agentcore_challenge;
  }

  location @agentcore_link {
    default_type application/json;
    add_header Link $agentcore_link always;
    add_header Cache-Control no-store always;
    return 401 $agentcore_body;
  }
  ${indent(origins.map((origin, index) => nginxLocation(origin, index, used)).join("\n"), "  ")}
}
`
}

/**
 * A header with hyphens, and its forms with underscores. Some origins read an underscore as a hyphen. nginx passes no
 * such header on, nor does Caddy from 2.11.4.
 */
const spellingsOf = (header: string): ReadonlyArray<string> =>
  header.split("-").reduce<ReadonlyArray<string>>(
    (starts, word, index) =>
      index === 0 ? [word] : ["-", "_"].flatMap((sign) => starts.map((start) => start + sign + word)),
    []
  )

const caddyAsk = (forwardAuth: URL, { header, url }: Origin, lines: ReadonlyArray<string>, copied: string): string =>
  `forward_auth ${forwardAuth.origin} {
  uri ${forwardAuth.pathname}
  header_up -X-Original-*
  header_up X-Forwarded-Proto ${url.protocol.slice(0, -1)}
  header_up X-Forwarded-Host ${url.host}
  ${[...lines, `copy_headers ${header}${copied}`].join("\n  ")}
}`

const caddySend = ({ url }: Origin, authorities: string | undefined, matcher: string, rest: string): string => {
  const transport = url.protocol === "http:" || authorities === undefined
    ? ""
    : `\n  transport http {\n    tls_trusted_ca_certs ${authorities}\n  }`
  return `reverse_proxy ${matcher}${url.origin} {
  header_up Host ${url.host}
  header_up -X-Agentcore-*
  header_up -X-Forwarded-*
  # A cookie of an origin would be a credential, too.
  header_down -Set-Cookie${transport}${rest}
}`
}

const caddyRoute = (options: ProxyOptions, origin: Origin, headers: ReadonlyArray<string>): string => {
  const forwardAuth = new URL(options.forwardAuth)
  const others = [...new Set(headers.flatMap(spellingsOf))]
    // To Caddy, `X_Api_Key` and `X_api_key` are one header.
    .filter((header) => header.toLowerCase() !== origin.header.toLowerCase())
    .map((header) => `request_header -${header}`)
  const again = caddyAsk(forwardAuth, origin, [
    // The request has the credential that was rejected, and its name. Caddy removes headers after it has set others.
    "header_up -X-Agentcore-Credential",
    ...origin.header === "Authorization" ? [] : [`header_up -${origin.header}`],
    "header_up Authorization {vars.agentcore_session}",
    "header_up X-Agentcore-Rejected \"{vars.agentcore_status} {vars.agentcore_credential}\"",
    "header_up X-Agentcore-Challenge {rp.header.Www-Authenticate}"
  ], "")
  // `copy_response` would send the response of ForwardAuth here, with the credential.
  const handle = (name: string, condition: string) => `
  @${name} ${condition}
  handle_response @${name} {
    route {
      vars agentcore_status {rp.status_code}
      ${indent(again, "      ")}
      # The body of a request cannot be sent twice.
      @repeatable method GET HEAD OPTIONS
      ${indent(caddySend(origin, options.authorities, "@repeatable ", ""), "      ")}
      header Content-Type application/json
      respond \`{"error":"credential_renewed","message":"The origin rejected the credential. Send the request again."}\` {vars.agentcore_status}
    }
  }`
  // Any other 403 is about the request, not the credential.
  const rejected = handle("rejected", "status 401")
    + (origin.stepUp
      ? handle("insufficient", "{\n    status 403\n    header Www-Authenticate *insufficient_scope*\n  }")
      : "")
  return `
handle_path ${origin.path}/* {
  route {
    # Caddy removes the headers that it names. Without it there is no WebSocket, as behind nginx.
    request_header -Connection
    vars agentcore_session {http.request.header.Authorization}
    ${indent(caddyAsk(forwardAuth, origin, ["header_up -X-Agentcore-*"], " X-Agentcore-Credential"), "    ")}
    vars agentcore_credential {http.request.header.X-Agentcore-Credential}
    # What the agent sends in these headers reaches no origin.
    ${others.join("\n    ")}
    ${indent(caddySend(origin, options.authorities, "", rejected), "    ")}
  }
}`
}

/** A Caddyfile. */
export const caddy = (options: ProxyOptions): string => {
  const origins = originsOf(options)
  const headers = removed(origins)
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(options.listen) ?? []
  // A host in the address of a site is a condition for the header `Host`.
  const bind = host === "" || host === "0.0.0.0" ? "" : `  bind ${host.replaceAll(/[[\]]/g, "")}\n`
  const file = `{
  admin off
}

http://:${port} {
${bind}  ${indent(origins.map((origin) => caddyRoute(options, origin, headers)).join("\n"), "  ")}
  respond 404
}
`
  return file.replaceAll(/^ +/gm, (spaces) => "\t".repeat(spaces.length / 2))
}
