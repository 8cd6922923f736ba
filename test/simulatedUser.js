/**
 * A person at a browser, simulated over HTTP: follows redirects, keeps cookies, fills in the login form and presses a
 * button of the consent page. For demonstrations without a terminal, and for tests.
 *
 * @since 0.1.0
 */
import * as Cookies from "@effect/platform/Cookies";
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
/**
 * Where the simulated user got stuck. `at` is origin and path of the page: what stands behind them can be a secret.
 *
 * @internal
 */
export class SimulatedUserError extends Schema.TaggedError("effect-agentcore-identity/internal/SimulatedUserError")("SimulatedUserError", {
    reason: Schema.Literal("InvalidUrl", "Unreachable", "TooManySteps"),
    at: Schema.String
}) {
    get message() {
        return `The simulated user got stuck at ${this.at}: ${explanations[this.reason]}`;
    }
}
const explanations = {
    InvalidUrl: "this is no URL that a browser opens",
    Unreachable: "no answer",
    TooManySteps: "the pages do not come to an end"
};
const maxSteps = 30;
const entities = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: " " };
const decodeEntities = (text) => text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    const code = decimal === undefined ? hex === undefined ? undefined : parseInt(hex, 16) : Number(decimal);
    return code === undefined
        ? entities[name ?? ""] ?? whole
        : code <= 0x10ffff
            ? String.fromCodePoint(code)
            : whole;
});
const parseAttributes = (source) => {
    const attributes = {};
    for (const [, name = "", double, single, bare] of source.matchAll(/([^\s"'=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+)))?/g)) {
        attributes[name.toLowerCase()] = decodeEntities(double ?? single ?? bare ?? "");
    }
    return attributes;
};
const parseTags = (html) => [...html.matchAll(/<(\/?(?:form|input|button|meta))\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi)]
    .map(([, tag = "", attributes = ""]) => ({ tag: tag.toLowerCase(), attributes: parseAttributes(attributes) }));
const parseForms = (tags) => {
    const forms = [];
    let open = false;
    for (const field of tags) {
        if (field.tag === "form") {
            open = true;
            forms.push({
                action: field.attributes.action ?? "",
                method: (field.attributes.method ?? "get").toLowerCase(),
                fields: []
            });
        }
        else if (field.tag === "/form") {
            open = false;
        }
        else if (open && (field.tag === "input" || field.tag === "button")) {
            forms.at(-1)?.fields.push(field);
        }
    }
    return forms;
};
const refreshOf = (tags) => tags.flatMap(({ attributes, tag }) => tag === "meta" && attributes["http-equiv"]?.toLowerCase() === "refresh"
    ? /^\s*0\s*[;,]\s*url\s*=\s*(.+?)\s*$/i.exec(attributes.content ?? "")?.slice(1) ?? []
    : [])[0];
const textOf = (html) => decodeEntities(html.replace(/<(style|script|title)\b[\s\S]*?<\/\1\s*>/gi, " ").replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ")
    .trim();
const isButton = ({ attributes, tag }) => tag === "button" ? (attributes.type ?? "submit") === "submit" : tag === "input" && attributes.type === "submit";
const isUserName = ({ attributes, tag }) => tag === "input"
    && (attributes.autocomplete === "username" || /^(login|user(name)?|email)$/i.test(attributes.name ?? ""))
    && attributes.type !== "hidden";
const decisions = { allow: /^(allow|accept|approve|yes)$/i, deny: /^(deny|refuse|reject|no)$/i };
/** What this person does with a form; nothing, if it is neither a login nor a consent. */
const fillIn = (form, options) => {
    const buttons = form.fields.filter(isButton);
    const userName = form.fields.find(isUserName);
    const button = userName === undefined
        ? buttons.find(({ attributes }) => decisions[options.decision].test(attributes.value ?? ""))
        : buttons[0];
    if (userName === undefined && button === undefined) {
        return undefined;
    }
    const values = new URLSearchParams();
    for (const field of form.fields) {
        const { name, value } = field.attributes;
        if (name !== undefined && !isButton(field)) {
            values.append(name, field === userName ? options.userName : value ?? "");
        }
    }
    if (button?.attributes.name !== undefined) {
        values.append(button.attributes.name, button.attributes.value ?? "");
    }
    return values;
};
const place = (url) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    return parsed === undefined
        ? "an invalid URL"
        : /^https?:$/.test(parsed.protocol)
            ? `${parsed.origin}${parsed.pathname}`
            : `a URL of the scheme ${parsed.protocol}`;
};
const failure = (reason, url) => new SimulatedUserError({ reason, at: place(url) });
const isWebUrl = (url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
/** Cookies by host and path; like browsers do, ports are not told apart. */
const makeJar = () => {
    const jar = new Map();
    return {
        store: (url, setCookie, now) => {
            // One header at a time: the collection of a response has room for one cookie of a name, whatever their paths.
            for (const cookie of setCookie.flatMap((header) => Object.values(Cookies.fromSetCookie(header).cookies))) {
                const path = cookie.options?.path ?? url.pathname.replace(/\/[^/]*$/, "");
                const key = `${url.hostname} ${path} ${cookie.name}`;
                jar.delete(key);
                const { expires, maxAge } = cookie.options ?? {};
                const lives = maxAge === undefined
                    ? expires === undefined || expires.getTime() > now
                    : Duration.greaterThan(maxAge, Duration.zero);
                if (lives) {
                    jar.set(key, { host: url.hostname, path, cookie });
                }
            }
        },
        header: (url) => [...jar.values()].filter(({ host, path }) => host === url.hostname
            && (url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`))).map(({ cookie }) => `${cookie.name}=${cookie.valueEncoded}`).join("; ")
    };
};
/**
 * A user with a browser of his own: cookies stay from one call to the next, so that he remains signed in.
 *
 * @internal
 */
export const make = Effect.sync(() => {
    const jar = makeJar();
    const load = Effect.fnUntraced(function* (step) {
        const url = new URL(step.url);
        const cookie = jar.header(url);
        const { html, response } = yield* Effect.tryPromise({
            try: async (signal) => {
                const response = await fetch(url, {
                    redirect: "manual",
                    signal,
                    method: step.body === undefined ? "GET" : "POST",
                    headers: { accept: "text/html,*/*;q=0.8", ...(cookie === "" ? undefined : { cookie }) },
                    ...(step.body === undefined ? undefined : { body: step.body })
                });
                return { response, html: await response.text() };
            },
            catch: () => failure("Unreachable", step.url)
        });
        jar.store(url, response.headers.getSetCookie(), yield* Clock.currentTimeMillis);
        return { status: response.status, location: response.headers.get("location"), html };
    });
    const resolve = (target, from) => URL.canParse(target, from)
        ? Effect.succeed(new URL(target, from).href)
        : Effect.fail(failure("InvalidUrl", target));
    const walk = Effect.fnUntraced(function* (start, options) {
        if (!isWebUrl(start)) {
            return yield* failure("InvalidUrl", start);
        }
        let step = { url: start };
        for (let count = 0; count < maxSteps; count++) {
            const { html, location, status } = yield* load(step);
            const url = step.url;
            const tags = parseTags(html);
            const refresh = refreshOf(tags);
            const target = status >= 300 && status < 400 && location !== null ? location : refresh;
            if (target !== undefined) {
                const next = yield* resolve(target, url);
                if (!isWebUrl(next)) {
                    return { status, url: Redacted.make(next), text: textOf(html) };
                }
                // Only 307 and 308 repeat what was sent.
                step = { url: next, body: status === 307 || status === 308 ? step.body : undefined };
                continue;
            }
            const filled = options === undefined || status >= 400
                ? undefined
                : parseForms(tags).flatMap((form) => {
                    const values = fillIn(form, options);
                    return values === undefined ? [] : [{ form, values }];
                })[0];
            if (filled === undefined) {
                return { status, url: Redacted.make(url), text: textOf(html) };
            }
            const action = yield* resolve(filled.form.action, url);
            if (!isWebUrl(action)) {
                return yield* failure("InvalidUrl", action);
            }
            step = filled.form.method === "post"
                ? { url: action, body: filled.values }
                : { url: `${action.replace(/[?#].*$/, "")}?${filled.values}` };
        }
        return yield* failure("TooManySteps", step.url);
    });
    return {
        consent: (options) => walk(Redacted.value(options.authorizationUrl), options),
        visit: (url) => walk(Redacted.value(url), undefined)
    };
});
/**
 * One consent in a fresh browser.
 *
 * @internal
 */
export const consent = (options) => Effect.flatMap(make, (user) => user.consent(options));
