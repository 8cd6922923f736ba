// Prints a result as tables, with the targets that it meets or misses.

const bounds = {
  "at most": (value, limit) => value <= limit,
  "at least": (value, limit) => value >= limit
}

const waitDefinitions = (name, waitsOf) => [
  [`${name}: heap of each, KB`, (result) => waitsOf(result).heap, "at most", 16],
  // Whole polls: in a window of 20 seconds, the burst that the budget allows is half a poll a second.
  [`${name}: polls a second of all`, (result) => Math.floor(waitsOf(result).polls), "at most", 100],
  [`${name}: delay of the event loop, 99 %, ms`, (result) => waitsOf(result).loopDelay, "at most", 50],
  [
    `${name}: time of another token, as part of its time alone`,
    (result) => waitsOf(result).meanwhile.median / waitsOf(result).alone.median,
    "at most",
    2
  ],
  [
    `${name}: from callback to token, without one round trip, ms`,
    (result) => waitsOf(result).callback.median - waitsOf(result).alone.median,
    "at most",
    20
  ]
]

/** The targets of each part of a result. */
const growthNames = {
  page: "a page of ten workload identities, on disk",
  tags: "the tags of a workload identity, on disk",
  open: "opening a consent session, in memory",
  read: "opening a vault, for each entry",
  write: "a write to a vault"
}

const definitions = {
  calls: [
    [
      "without the AWS SDK, uncached: wall time of the raw SDK call",
      (result) => result.calls.http.ofRaw.wall.median,
      "at most",
      0.52
    ],
    [
      "without the AWS SDK, uncached: CPU time of the raw SDK call",
      (result) => result.calls.http.ofRaw.cpu.median,
      "at most",
      0.47
    ],
    [
      "without the AWS SDK, over fetch, uncached: wall time of the raw SDK call",
      (result) => result.calls.httpFetch.ofRaw.wall.median,
      "at most",
      1.55
    ],
    [
      "without the AWS SDK, over fetch, uncached: CPU time of the raw SDK call",
      (result) => result.calls.httpFetch.ofRaw.cpu.median,
      "at most",
      1.6
    ],
    [
      "promise/Identity without the AWS SDK, uncached: CPU time of the raw SDK call",
      (result) => result.calls.httpPromise.ofRaw.cpu.median,
      "at most",
      0.55
    ],
    [
      "over the AWS SDK, uncached: wall time of the raw SDK call",
      (result) => result.calls.uncached.ofRaw.wall.median,
      "at most",
      1.35
    ],
    [
      "over the AWS SDK, uncached: CPU time of the raw SDK call",
      (result) => result.calls.uncached.ofRaw.cpu.median,
      "at most",
      1.45
    ],
    [
      "cached: times as fast as the official wrapper",
      (result) => result.calls.cached.speedUp.median,
      "at least",
      15
    ],
    ["cached: microseconds", (result) => result.calls.cached.wall.median, "at most", 13],
    ["cached, promise/Identity: microseconds", (result) => result.calls.cachedPromise.wall.median, "at most", 20],
    [
      "ForwardAuth, a cached credential: CPU microseconds of a request",
      (result) => result.calls.forwardAuth.cpu.median,
      "at most",
      1000
    ]
  ],
  bursts: [
    [
      "without the AWS SDK, calls at once: calls a second of the raw SDK's",
      (result) => result.bursts.speedOfRaw.median,
      "at least",
      1.6
    ]
  ],
  cold: [
    [
      "bundled, without the AWS SDK: cold process of the official package, bundled",
      (result) => result.cold.httpBundled.ofOfficialBundled.median,
      "at most",
      0.72
    ],
    [
      "bundled, over the AWS SDK: cold process of the official package, bundled",
      (result) => result.cold.sdkBundled.ofOfficialBundled.median,
      "at most",
      1.28
    ],
    [
      "installed, without the AWS SDK: cold process of the official package",
      (result) => result.cold.http.ofOfficial.median,
      "at most",
      1.8
    ]
  ],
  bundles: [
    ["bundle of an agent without the AWS SDK: kilobytes", (result) => result.bundles.http, "at most", 230]
  ],
  load: [
    ["module load of Identity: milliseconds", (result) => result.load.wall.median, "at most", 20],
    ["module load of Identity: packages besides Effect", (result) => result.load.packages.length, "at most", 0]
  ],
  waits: waitDefinitions("waits for consent", ({ waits }) => waits),
  linkWaits: waitDefinitions("waits with a link", ({ linkWaits }) => linkWaits),
  pages: [
    ["sessions of the pages: heap of each, KB", ({ pages }) => pages.heap, "at most", 32],
    ["sessions of the pages: polls a second of all", ({ pages }) => Math.floor(pages.polls), "at most", 100]
  ],
  scale: [
    [
      "model: polls a second of one process, of the measured",
      ({ scale }) => scale.model.polls / scale.real.polls,
      "at least",
      0.9
    ],
    [
      "model: polls a second of one process, of the measured",
      ({ scale }) => scale.model.polls / scale.real.polls,
      "at most",
      1.1
    ],
    [
      "100 processes, shared signals: ordinary calls that are throttled, %",
      ({ scale }) => scale.shared.throttled,
      "at most",
      2
    ],
    ["100 processes, shared signals: from consent to token, 99 %, s", ({ scale }) => scale.shared.p99, "at most", 1],
    [
      "100 processes, no signals: ordinary calls that are throttled, %",
      ({ scale }) => scale.unshared.throttled,
      "at most",
      2
    ]
  ],
  local: [
    [
      "local server, GetResourceApiKey: speed of a bare server, by CPU time",
      ({ local }) => local.operations.GetResourceApiKey.speedOfBare.median,
      "at least",
      0.22
    ],
    [
      "local server, GetWorkloadAccessTokenForUserId: speed of a bare server, by CPU time",
      ({ local }) => local.operations.GetWorkloadAccessTokenForUserId.speedOfBare.median,
      "at least",
      0.12
    ],
    ["local server: milliseconds until it is ready", ({ local }) => local.ready.alone.median, "at most", 500],
    [
      "local server, a token with many grants, in memory: of the time with ten",
      ({ local }) => local.grants.memory.token,
      "at most",
      1.5
    ],
    [
      "local server, a token with many grants, on disk: of the time with ten",
      ({ local }) => local.grants.disk.token,
      "at most",
      1.5
    ],
    ...Object.keys(growthNames).map((operation) => [
      `local server, ${growthNames[operation]}: of the time with few`,
      ({ local }) => local.growth[operation].ratio,
      "at most",
      1.5
    ])
  ]
}

/** Every target, with its measurement. */
export const targets = (result) =>
  Object.entries(definitions).filter(([part]) => result[part] !== undefined).flatMap(([, definitions]) =>
    definitions.map(([name, valueOf, bound, limit]) => {
      const value = valueOf(result)
      return { name, bound, limit, value, met: bounds[bound](value, limit) }
    })
  )

const number = (value) => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

const spread = ({ median, q1, q3 }) => `${number(median)} [${number(q1)} .. ${number(q3)}]`

const table = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n")
}

const labels = {
  raw: "AWS SDK, client.send",
  official: "bedrock-agentcore, withAccessToken",
  uncached: "getAccessToken, AwsDataPlane.layer",
  http: "getAccessToken, AwsDataPlane.layerHttpNode",
  httpFetch: "getAccessToken, AwsDataPlane.layerHttp over fetch",
  httpNodeClient: "getAccessToken, AwsDataPlane.layerHttp over NodeHttpClient",
  uncachedPromise: "promise/Identity, withAccessToken, AwsDataPlane.layer",
  httpPromise: "promise/Identity, withAccessToken, AwsDataPlane.layerHttpNode",
  cached: "getAccessToken, cached",
  cachedPromise: "promise/Identity, withAccessToken, cached",
  forwardAuth: "promise/ForwardAuth, cached, with its server and its proxy",
  officialBundled: "bedrock-agentcore, bundled",
  sdkBundled: "AwsDataPlane.layer, bundled",
  httpBundled: "AwsDataPlane.layerHttpNode, bundled",
  fetchBundled: "AwsDataPlane.layerHttp over fetch, bundled",
  bareSdkBundled: "a bare Effect program over the AWS SDK, bundled",
  bareHttpBundled: "a bare Effect program over node:http, bundled"
}

const callRows = ({ calls }) => [
  ["one access token", "wall, µs", "CPU, µs", "wall of the SDK's", "CPU of the SDK's", "times the official speed"],
  ...Object.entries(calls).map(([name, { cpu, ofRaw, speedUp, wall }]) => [
    labels[name],
    ...[wall, cpu, ofRaw.wall, ofRaw.cpu, speedUp].map(spread)
  ])
]

const coldRows = ({ cold }) => [
  ["cold process to the first token", "wall, ms", "CPU, ms", "wall of the official", "of the official, bundled"],
  ...Object.entries(cold).map((
    [name, { cpu, ofOfficial, ofOfficialBundled, wall }]
  ) => [labels[name], ...[wall, cpu, ofOfficial, ofOfficialBundled].map(spread)])
]

const burstRows = ({ bursts: { cpuOfRaw, speedOfRaw, ...bursts }, settings: { burst } }) => [
  [
    `${burst} calls at once, a service of 5 ms`,
    "calls a second",
    "CPU, µs",
    "calls a second of the SDK's",
    "CPU of the SDK's"
  ],
  ...Object.entries(bursts).map(([name, { cpu, wall }]) => [
    labels[name],
    number(1e6 / wall.median),
    spread(cpu),
    ...name === "raw" ? ["", ""] : [speedOfRaw, cpuOfRaw].map(spread)
  ])
]

const bundleRows = ({ bundles }) => [
  ["bundle of an agent, minified", "kilobytes"],
  ...Object.entries(bundles).map(([name, kilobytes]) => [labels[`${name}Bundled`], number(kilobytes)])
]

const loadRows = ({ load }) => [
  ["module load, with Effect and Schema there", "wall, ms", "CPU, ms", "modules", "packages besides Effect"],
  ["Identity", spread(load.wall), spread(load.cpu), String(load.modules), load.packages.join(", ") || "none"]
]

const waitRows = ({ linkWaits, waits }) => [
  [
    "waits for consent",
    "heap, KB",
    "polls/s",
    "loop delay, ms",
    "alone",
    "another token, ms",
    "alone",
    "callback to token, ms",
    "all asked, s"
  ],
  ...[["of a session", waits], ["with a link of Connect", linkWaits]].map(([label, waits]) => [
    `${waits.waits} ${label}`,
    ...[waits.heap, waits.polls, waits.loopDelay, waits.loopDelayAlone].map(number),
    ...[waits.meanwhile, waits.alone, waits.callback].map(spread),
    number(waits.invited)
  ])
]

const pageRows = ({ pages }) => [
  ["sessions that the pages opened, and watch", "heap, KB", "polls/s"],
  [String(pages.sessions), number(pages.heap), number(pages.polls)]
]

const scaleRows = ({ scale: { model, real, shared, unshared } }) => [
  [
    `100 processes, 1,000,000 waits of ${number(real.heap)} KB, 2,000 consents a minute, one hour`,
    "polls/s",
    "ordinary calls/s",
    "throttled, %",
    "found within the hour, %",
    "median, s",
    "99 %, s"
  ],
  ...[["with signals of all processes", shared], ["without signals", unshared]].map(([label, result]) => [
    label,
    ...["polls", "ordinary", "throttled", "found", "median", "p99"].map((name) => number(result[name]))
  ]),
  [`one process with ${real.waits} waits, measured`, number(real.polls), "", "", "", "", ""],
  ["the same in the model", number(model.polls), "", "", "", "", ""]
]

const officialWaitRows = ({ officialWait }) => [
  ["from consent to token, ms", ""],
  ["bedrock-agentcore, withAccessToken", spread(officialWait)]
]

const localRows = ({ local: { operations } }) => [
  ["operation of the local server, and a bare server", "CPU, µs", "speed of the bare server"],
  ...Object.entries(operations).map(([name, { cpu, speedOfBare }]) => [name, spread(cpu), spread(speedOfBare)])
]

const readyRows = ({ local: { ready } }) => [
  ["local server", "ready after, ms"],
  ["alone", spread(ready.alone)],
  ["with its authorization server", spread(ready.withAuthorizationServer)]
]

const grantRows = ({ local: { grants } }) => [
  ["grants of the local server", "token, CPU µs"],
  ...Object.entries(grants).flatMap(([where, { few, many }]) =>
    [few, many].map(({ grants, token }) => [`${grants}, ${where}`, number(token)])
  )
]

const growthRows = ({ local: { growth } }) => [
  ["local server, CPU µs", "with", "", "with", ""],
  ...Object.entries(growth).map(([operation, { few, many, sizes }]) => [
    growthNames[operation],
    String(sizes[0]),
    number(few),
    String(sizes[1]),
    number(many)
  ])
]

const targetRows = (result) => [
  ["target", "measured", ""],
  ...targets(result).map(({ bound, limit, met, name, value }) => [
    `${name}, ${bound} ${limit}`,
    number(value),
    met ? "met" : "MISSED"
  ])
]

/** The tables of each part of a result. */
const parts = {
  calls: [callRows],
  bursts: [burstRows],
  cold: [coldRows],
  bundles: [bundleRows],
  load: [loadRows],
  waits: [waitRows],
  pages: [pageRows],
  scale: [scaleRows],
  officialWait: [officialWaitRows],
  local: [localRows, readyRows, grantRows, growthRows]
}

/** The whole result for people: medians with their quartiles. */
export const report = (result) => {
  const { cores, cpu, loadAverage, node, settings: { calls, processes, rounds } } = result
  return [
    `Node ${node}, ${cores} x ${cpu}, load ${
      number(loadAverage)
    }; ${rounds} rounds of ${calls} calls, ${processes} processes; median [quartiles]`,
    ...Object.entries(parts).filter(([part]) => result[part] !== undefined).flatMap(([, parts]) =>
      parts.map((rows) => table(rows(result)))
    ),
    table(targetRows(result))
  ].join("\n\n") + "\n"
}
