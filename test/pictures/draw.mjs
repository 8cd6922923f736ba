// node test/pictures/draw.mjs: draws the pictures of the README and the guides, for light and dark pages. `demo.txt` is
// the output of the demo, which `record.mjs` records. `figures.json` has measurements: `npm run bench -- --json FILE`,
// then `node test/pictures/draw.mjs FILE`.
import { readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

const palettes = {
  light: { text: "#1f2430", soft: "#5a6172", line: "#8a91a3", card: "#ffffff", own: "#eef1ff", accent: "#3346d3" },
  dark: { text: "#e9ebf2", soft: "#a5adbf", line: "#737c91", card: "#191d27", own: "#232a45", accent: "#9fb0ff" }
}

const sans = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"
const mono = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const svg = ({ body, font, height, title, width }) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="${font}" font-size="13">
<title>${escape(title)}</title>
${body.join("\n")}
</svg>
`

/** Elements in the colours of a palette. */
const pen = (colors) => {
  const text = (x, y, content, { anchor = "middle", fill = colors.text, weight = 400 } = {}) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
  return {
    text,
    box: ({ height = 58, name, own = false, under, width, x, y }) =>
      [
        `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="9" fill="${
          own ? colors.own : colors.card
        }" stroke="${colors.line}"/>`,
        text(x + width / 2, y + height / 2 - 4, name, { weight: 600 }),
        text(x + width / 2, y + height / 2 + 15, under, { fill: colors.soft })
      ].join("\n"),
    arrow: (path, { dashed = false } = {}) =>
      `<path d="${path}" fill="none" stroke="${colors.accent}" stroke-width="1.6"${
        dashed ? " stroke-dasharray=\"5 4\"" : ""
      } marker-end="url(#tip)"/>`,
    tip:
      `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="${colors.accent}"/></marker></defs>`
  }
}

// -----------------------------------------------------------------------------
// The parts
// -----------------------------------------------------------------------------

const parts = (colors) => {
  const { arrow, box, text, tip } = pen(colors)
  return svg({
    width: 800,
    height: 440,
    font: sans,
    title: "How agent, Identity, AWS and the local server relate",
    body: [
      tip,
      box({ x: 20, y: 16, width: 440, name: "Your agent", under: "requires an AccessToken or an ApiKey by a tag" }),
      arrow("M240 74V112"),
      box({ x: 20, y: 114, width: 440, own: true, name: "Identity", under: "the flows, consent, waiting, errors" }),
      arrow("M85 172V210"),
      arrow("M240 172V210"),
      arrow("M395 172V210"),
      text(470, 196, "one layer decides", { anchor: "start", fill: colors.soft }),
      box({ x: 20, y: 212, width: 130, own: true, name: "ScriptedPlanes", under: "a test" }),
      box({ x: 175, y: 212, width: 130, own: true, name: "AwsIdentity", under: "the AWS SDK" }),
      box({ x: 330, y: 212, width: 130, own: true, name: "LocalIdentity", under: "in the process" }),
      arrow("M240 270V322"),
      arrow("M395 270V322"),
      box({ x: 570, y: 16, width: 220, name: "Any other program", under: "AWS SDK: Python, Java, …" }),
      arrow("M600 74V300H520V322"),
      text(612, 180, "agentcore-identity", { anchor: "start", fill: colors.soft }),
      text(612, 198, "local", { anchor: "start", fill: colors.soft }),
      box({ x: 120, y: 324, width: 200, height: 62, name: "AgentCore Identity", under: "at AWS" }),
      box({
        x: 345,
        y: 324,
        width: 210,
        height: 62,
        own: true,
        name: "AgentCore Identity",
        under: "on this machine"
      }),
      box({
        x: 610,
        y: 324,
        width: 180,
        height: 62,
        name: "Authorization server",
        under: "GitHub, … or local"
      }),
      arrow("M555 355H608"),
      arrow("M220 386V414H700V388"),
      `<rect x="20" y="422" width="14" height="12" rx="3" fill="${colors.own}" stroke="${colors.line}"/>`,
      text(42, 433, "in this package", { anchor: "start", fill: colors.soft })
    ]
  })
}

// -----------------------------------------------------------------------------
// A consent
// -----------------------------------------------------------------------------

const lanes = ["Agent", "Return page", "Alice's browser", "AgentCore Identity", "Authorization server"]

/** From lane, to lane, text. A step to its own lane is a note. */
const steps = [
  [0, 3, "1  a token for Alice, with a return URL"],
  [3, 0, "2  no token yet: a link, and its session"],
  [0, 2, "3  shows the link to Alice"],
  [2, 4, "4  she signs in, and allows"],
  [4, 3, "5  a code"],
  [3, 1, "6  her browser goes to the return URL, with session_id"],
  [1, 1, "7  Is the user who is signed in here the one who asked?"],
  [1, 3, "8  session binding: it was Alice"],
  [3, 4, "9  code for token"],
  [3, 0, "10  the next poll gets the token"]
]

const consent = (colors) => {
  const { arrow, text, tip } = pen(colors)
  const x = (lane) => 90 + lane * 172
  const top = 82
  const y = (step) => top + 34 + step * 40
  const bottom = y(steps.length - 1) + 22
  return svg({
    width: 868,
    height: bottom + 12,
    font: sans,
    title: "A consent, with its return URL and session binding",
    body: [
      tip,
      `<rect x="6" y="6" width="342" height="${bottom}" rx="10" fill="none" stroke="${colors.line}" stroke-dasharray="3 4"/>`,
      text(176, 25, "your application", { fill: colors.soft }),
      ...lanes.map((name, lane) =>
        [
          `<rect x="${
            x(lane) - 78
          }" y="36" width="156" height="34" rx="8" fill="${colors.own}" stroke="${colors.line}"/>`,
          text(x(lane), 58, name, { weight: 600 }),
          `<path d="M${x(lane)} 70V${bottom}" stroke="${colors.line}" stroke-dasharray="2 4"/>`
        ].join("\n")
      ),
      ...steps.flatMap(([from, to, label], step) => {
        const middle = (x(from) + x(to)) / 2
        const width = label.length * 6.6 + 14
        // Text has the color of the page behind it, so that the lines of the lanes do not cross it.
        const background = (center) =>
          `<rect x="${center - width / 2}" y="${
            y(step) - 21
          }" width="${width}" height="18" rx="4" fill="${colors.card}"/>`
        if (from === to) {
          const center = x(from) + width / 2 + 10
          return [background(center), text(center, y(step) - 7, label, { weight: 600 })]
        }
        return [
          arrow(`M${x(from)} ${y(step)}H${x(to) + (to > from ? -2 : 2)}`),
          background(middle),
          text(middle, y(step) - 7, label)
        ]
      })
    ]
  })
}

// -----------------------------------------------------------------------------
// Figures
// -----------------------------------------------------------------------------

/** The figures of the guide of data planes, from a result of `npm run bench`. */
const figuresOf = ({ bundles, calls, cold, cores, cpu, date, node, officialWait, waits }) => ({
  date,
  machine: `${cores} cores of ${cpu}`,
  node,
  token: { official: calls.official.wall.median, http: calls.http.wall.median, cached: calls.cached.wall.median },
  cold: { official: cold.officialBundled.wall.median, http: cold.httpBundled.wall.median },
  wait: { official: officialWait.median, signal: waits.callback.median },
  ratios: Object.fromEntries([["http", "http"], ["sdk", "uncached"], ["fetch", "httpFetch"]].map(([name, call]) => [
    name,
    {
      token: calls[call].ofRaw.wall.median,
      cold: cold[`${name}Bundled`].ofOfficialBundled.median,
      kilobytes: bundles[name]
    }
  ]))
})

const rounded = (value) => value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString()

const figures = (colors, { cold, date, machine, node, token, wait }) => {
  const { text } = pen(colors)
  const charts = [
    ["A token, in microseconds, with a service that responds at once", [
      ["official SDK", token.official],
      ["AwsDataPlane.layerHttpNode", token.http, true],
      ["the same, cached", token.cached, true]
    ]],
    ["A cold start to the first token, bundled, in milliseconds", [
      ["official SDK", cold.official],
      ["AwsDataPlane.layerHttpNode", cold.http, true]
    ]],
    ["From a user's consent to the token, in milliseconds", [
      ["official SDK", wait.official],
      ["PendingConsents.layerPoller", wait.signal, true]
    ]]
  ]
  const [left, longest] = [226, 450]
  const body = []
  let y = 8
  for (const [title, bars] of charts) {
    y += 20
    body.push(text(20, y, title, { anchor: "start", weight: 600 }))
    const most = Math.max(...bars.map(([, value]) => value))
    for (const [name, value, own = false] of bars) {
      const width = Math.max(2, value / most * longest)
      y += 26
      body.push(
        text(left - 12, y, name, { anchor: "end", fill: own ? colors.text : colors.soft }),
        `<rect x="${left}" y="${y - 14}" width="${width.toFixed(1)}" height="18" rx="4" fill="${
          own ? colors.accent : colors.line
        }"/>`,
        text(left + width + 8, y, rounded(value), { anchor: "start" })
      )
    }
    y += 20
  }
  return svg({
    width: 740,
    height: y + 22,
    font: sans,
    title: "A token, a cold start and a wait, beside the official SDK",
    body: [
      ...body,
      text(20, y + 8, `npm run bench, ${date}, Node ${node}, ${machine}; shorter is better`, {
        anchor: "start",
        fill: colors.soft
      })
    ]
  })
}

// -----------------------------------------------------------------------------
// The demo
// -----------------------------------------------------------------------------

const terminal = { background: "#12151d", text: "#d9dde8", bold: "#ffffff", soft: "#8b93a7", green: "#7ddc8b" }

const demo = (output) => {
  const [cell, row, left, top] = [7.6, 17.5, 20, 54]
  const lines = ["$ npm start -- --auto-consent", ...output.trimEnd().split("\n")]
  const span = (start, content, fill, weight = 400) => {
    const trimmed = content.trimStart()
    const column = start + content.length - trimmed.length
    const end = trimmed.trimEnd()
    return end === "" ? [] : [{ column, content: end, fill, weight }]
  }
  const spansOf = (line, index) => {
    if (index === 0) return [...span(0, "$", terminal.green), ...span(2, line.slice(2), terminal.bold)]
    if (/^\S/.test(line)) return span(0, line, terminal.bold, 600)
    if (/^ {2}─/.test(line)) return span(0, line, terminal.soft)
    if (/^ {2}Credential /.test(line)) return span(0, line, terminal.bold, 600)
    if (/^ {2}…/.test(line)) return span(0, line, terminal.soft)
    if (/^ {2}✓/.test(line)) {
      return [
        ...span(2, "✓", terminal.green),
        ...span(4, line.slice(4, 33), terminal.text),
        ...span(33, line.slice(33), terminal.soft)
      ]
    }
    return span(0, line, terminal.text)
  }
  const columns = Math.max(...lines.map((line) => line.length))
  const [width, height] = [Math.ceil(columns * cell) + 2 * left, Math.ceil(top + lines.length * row)]
  // `textLength` keeps the columns, whatever monospaced font there is.
  const body = lines.flatMap((line, index) =>
    spansOf(line, index).map(({ column, content, fill, weight }) =>
      `<text x="${(left + column * cell).toFixed(1)}" y="${
        (top + index * row).toFixed(1)
      }" xml:space="preserve" textLength="${
        (content.length * cell).toFixed(1)
      }" fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
    )
  )
  return svg({
    width,
    height,
    font: mono,
    title: "The output of npm start -- --auto-consent",
    body: [
      `<rect width="${width}" height="${height}" rx="10" fill="${terminal.background}"/>`,
      ...["#ff5f57", "#febc2e", "#28c840"].map((fill, index) =>
        `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${fill}"/>`
      ),
      ...body
    ]
  })
}

// -----------------------------------------------------------------------------
// Files
// -----------------------------------------------------------------------------

const path = (name) => new URL(name, import.meta.url)

const readFigures = () => JSON.parse(readFileSync(path("figures.json"), "utf8"))

/** Every picture that this script draws: its file name, and its content. */
export const draw = () => ({
  "demo.svg": demo(readFileSync(path("demo.txt"), "utf8")),
  ...Object.fromEntries(
    Object.entries(palettes).flatMap(([name, colors]) => [
      [`parts-${name}.svg`, parts(colors)],
      [`consent-${name}.svg`, consent(colors)],
      [`figures-${name}.svg`, figures(colors, readFigures())]
    ])
  )
})

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , result] = process.argv
  if (result !== undefined) {
    const measured = figuresOf(JSON.parse(readFileSync(result, "utf8")))
    writeFileSync(path("figures.json"), `${JSON.stringify(measured, null, 2)}\n`)
  }
  for (const [name, content] of Object.entries(draw())) writeFileSync(path(name), content)
}
