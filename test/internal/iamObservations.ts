/**
 * What the live IAM decided about conditions: requests for `iam:TagUser` under session policies of STS. Observed by
 * radkawar/stackd, 2026-09-12, `testdata/aws/iam/condition_sets.json`, `condition_values.json` and
 * `condition_strings.json` (https://github.com/radkawar/stackd, commit 9dc356f5e5cc49d2d334178a09c1398dd1c62617).
 *
 * Not in the table: observations of policy variables, `BinaryEquals`, `IpAddress` and `NotIpAddress`, which are not
 * evaluated here; of policies that IAM does not store; and of tags that IAM rejected before it decided.
 */

/** `A` is allowed, and `D` denied: under a policy that allows if the condition holds, then under one that denies. */
type Decisions = "AD" | "DA" | "A" | "D"

/** The tags of the request, by key. */
type Tags = Readonly<Record<string, string>>

interface Observation {
  readonly operator: string
  readonly key: string
  readonly expected: string
  readonly tags: Tags
  readonly effect: "Allow" | "Deny"
  readonly isAllowed: boolean
  /** Why the evaluation here differs. */
  readonly differs?: string | undefined
}

const observe = (
  operator: string,
  key: string,
  expected: string,
  rows: ReadonlyArray<readonly [tags: Tags, decisions: Decisions, differs?: string | undefined]>
): ReadonlyArray<Observation> =>
  rows.flatMap(([tags, decisions, differs]) =>
    [...decisions].map((decision, index) => ({
      operator,
      key,
      expected,
      tags,
      effect: index === 0 ? "Allow" as const : "Deny" as const,
      isAllowed: decision === "A",
      differs
    }))
  )

/** Several values of the tag `value`. */
const observeValues = (
  operator: string,
  expected: string,
  rows: ReadonlyArray<readonly [value: string, decisions: Decisions, differs?: string | undefined]>
) =>
  observe(
    operator,
    "aws:RequestTag/value",
    expected,
    rows.map(([value, decisions, differs]) => [{ value }, decisions, differs])
  )

/** Decisions about the keys of the tags. */
const observeTagKeys = (operator: string, expected: string, rows: ReadonlyArray<readonly [Tags, Decisions]>) =>
  observe(operator, "aws:TagKeys", expected, rows)

/** An operator and its negation, of which the decisions are opposite. */
const observeOpposites = (
  operator: string,
  rows: ReadonlyArray<readonly [expected: string, value: string, holds: boolean, differs?: string | undefined]>
) =>
  rows.flatMap(([expected, value, holds, differs]) => [
    ...observeValues(operator, expected, [[value, holds ? "AD" : "DA", differs]]),
    ...observeValues(operator.replace(/^(String|Numeric|Date)/, "$1Not"), expected, [[
      value,
      holds ? "DA" : "AD",
      differs
    ]])
  ])

/** A boolean, expected to be true and to be false, of which the decisions are opposite. */
const observeBoolean = (value: string, isTrue: boolean) => [
  ...observeValues("Bool", "true", [[value, isTrue ? "AD" : "DA"]]),
  ...observeValues("Bool", "false", [[value, isTrue ? "DA" : "AD"]])
]

const none = {}
const team = { team: "capture" }
const env = { env: "capture" }
const both = { ...team, ...env }
const empty = { team: "" }

const sets = [
  ...observeTagKeys("StringEquals", "team", [[none, "DA"], [team, "DA"], [env, "DA"], [both, "DA"]]),
  ...observeTagKeys("StringNotEquals", "team", [[none, "AD"], [team, "DA"], [env, "DA"], [both, "DA"]]),
  ...observeTagKeys("StringEqualsIfExists", "team", [[none, "AD"], [team, "DA"], [env, "DA"], [both, "DA"]]),
  ...observeTagKeys("StringNotEqualsIfExists", "team", [[none, "AD"], [team, "DA"], [env, "DA"], [both, "DA"]]),
  ...observeTagKeys("ForAnyValue:StringEquals", "team", [[none, "DA"], [team, "AD"], [env, "DA"], [both, "AD"]]),
  ...observeTagKeys("ForAllValues:StringEquals", "team", [[none, "AD"], [team, "AD"], [env, "DA"], [both, "DA"]]),
  ...observeTagKeys("ForAnyValue:StringNotEquals", "team", [[none, "DA"], [team, "DA"], [env, "AD"], [both, "AD"]]),
  ...observeTagKeys("ForAllValues:StringNotEquals", "team", [[none, "AD"], [team, "DA"], [env, "AD"], [both, "DA"]]),
  ...observe("Null", "aws:RequestTag/team", "true", [[empty, "D"], [team, "D"], [env, "A"]]),
  ...observe("Null", "aws:RequestTag/team", "false", [[empty, "A"], [team, "A"], [env, "D"]]),
  ...observe("StringEquals", "aws:RequestTag/team", "", [[empty, "A"], [team, "D"], [env, "D"]]),
  ...observe("ForAllValues:StringEquals", "aws:RequestTag/team", "capture", [[empty, "D"], [team, "A"], [env, "A"]]),
  ...observe("ForAnyValue:StringEquals", "aws:RequestTag/team", "", [[empty, "A"], [team, "D"], [env, "D"]])
]

const day = "2030-01-01T00:00:00Z"
const users = "arn:aws:iam::*:user/*"
const user = "arn:aws:iam::123456789012:user/test"
const role = "arn:aws:iam::123456789012:role/test"

const [word, one, two] = [{ "no-number": "capture" }, { 1: "capture" }, { 2: "capture" }]
const keySets = [word, { ...word, ...one }, { ...word, ...two }, { ...one, ...two }]

const observeKeySets = (operator: string, decisions: ReadonlyArray<"AD" | "DA">) =>
  observeTagKeys(operator, "1", keySets.map((keys, index) => [keys, decisions[index] ?? "AD"]))

const isDouble = "numbers are doubles here, and IAM has more digits"

const values = [
  ...observeOpposites("NumericEquals", [
    ["1", "1", true],
    ["1", "2", false],
    ["1", "no-number", false],
    ["1", "", false],
    ["1", "01", true],
    ["1", "+1", true],
    ["1", "1.0", true],
    ["1", "1e0", true],
    ["1", "NaN", false],
    ["1", "Infinity", false]
  ]),
  ...observeValues("NumericEquals", "01", [["1", "A"]]),
  ...observeValues("NumericEquals", "+1", [["1", "A"]]),
  ...observeValues("NumericEquals", "1.", [["1", "A"]]),
  ...observeValues("NumericEquals", "9007199254740993", [["9007199254740992", "D", isDouble]]),
  ...observeValues("NumericLessThan", "9007199254740993", [["9007199254740992", "A", isDouble]]),
  ...observeOpposites("DateEquals", [
    [day, day, true],
    [day, "2030-01-02T00:00:00Z", false],
    [day, "not-a-date", false],
    [day, "", false],
    [day, "1893456000", true],
    [day, "2030-01-01", true]
  ]),
  ...observeValues("DateEquals", day, [
    ["2030-01-01T00:00:00.0001Z", "A"],
    ["2030-01-01T00:00:00", "A"],
    ["+1893456000", "A"]
  ]),
  ...observeValues("DateEquals", "2030-01-01T00:00:00.1231Z", [["2030-01-01T00:00:00.1239Z", "A"]]),
  ...["true", "True", "TRUE"].flatMap((value) => observeBoolean(value, true)),
  ...["false", "yes", "1", "", " true "].flatMap((value) => observeBoolean(value, false)),
  ...observeValues("Bool", "TRUE", [["true", "A"]]),
  ...observeValues("Bool", "False", [["false", "A"]]),
  ...observeValues("Bool", "yes", [["false", "A"]]),
  ...observeValues("Null", "yes", [["present", "AD"]]),
  ...observeValues("Null", "TRUE", [["present", "DA"]]),
  ...observeValues("ArnLike", users, [[user, "AD"], [role, "DA"], ["not-an-arn", "DA"], ["", "DA"]]),
  ...observeValues("ArnNotLike", users, [[user, "DA"], [role, "AD"], ["not-an-arn", "DA"], ["", "DA"]]),
  ...observeKeySets("ForAnyValue:NumericEquals", ["DA", "AD", "DA", "AD"]),
  ...observeKeySets("ForAllValues:NumericEquals", ["DA", "DA", "DA", "DA"]),
  ...observeKeySets("ForAnyValue:NumericNotEquals", ["AD", "AD", "AD", "AD"]),
  ...observeKeySets("ForAllValues:NumericNotEquals", ["AD", "DA", "AD", "DA"])
]

const deseret = "\u{10400}"
const small = "\u{10428}"

const strings = [
  ...observeOpposites("StringEqualsIgnoreCase", [
    ["prod", "PrOd", true],
    ["I", "\u0131", false],
    ["i", "\u0130", false],
    ["K", "\u212a", true],
    ["s", "\u017f", false],
    ["\u00df", "\u1e9e", true],
    ["\u00df", "SS", false],
    ["\u03a3", "\u03c2", false],
    ["\u03a3", "\u03c3", true],
    ["\u039f\u03a3", "\u03bf\u03c2", true],
    ["\u039f\u03a3", "\u03bf\u03c3", false],
    ["\u039f\u03a3\u0391", "\u03bf\u03c3\u03b1", true],
    ["\u00c9", "\u00e9", true],
    [deseret, small, false, "IAM does not fold letters beyond the first 65,536, and JavaScript does"],
    [deseret, deseret, true],
    [`A\u03a3${deseret}`, `a\u03c2${deseret}`, false],
    [`A\u03a3${deseret}`, `a\u03c3${deseret}`, true],
    [`${deseret}\u03a3`, `${deseret}\u03c3`, false],
    [`${deseret}\u03a3`, `${deseret}\u03c2`, true]
  ]),
  ...observeOpposites("StringLike", [
    ["?", deseret, false],
    ["??", deseret, true],
    ["?", "\u00e9", true],
    ["a?b", `a${deseret}b`, false],
    ["a??b", `a${deseret}b`, true],
    ["a*?b", `a${deseret}b`, true],
    ["a?*b", `a${deseret}b`, true],
    ["a*b", "a/b", true],
    ["a?b", "a:b", true],
    [`${deseret}?`, `${deseret}x`, true],
    [`${deseret}?`, `${deseret}${small}`, false],
    ["a[b]", "ab", false]
  ]),
  ...observeOpposites("StringEquals", [[deseret, deseret, true], [deseret, small, false]]),
  ...["ForAnyValue", "ForAllValues"].flatMap((quantifier) => [
    ...observeTagKeys(`${quantifier}:StringEqualsIgnoreCase`, "S", [[{ ſ: "capture" }, "DA"]]),
    ...observeTagKeys(`${quantifier}:StringEqualsIgnoreCase`, "\u039f\u03a3", [[{ ος: "capture" }, "AD"]]),
    ...observeTagKeys(`${quantifier}:StringLike`, "a?", [[{ [`a${deseret}`]: "capture" }, "DA"]]),
    ...observeTagKeys(`${quantifier}:StringLike`, "a??", [[{ [`a${deseret}`]: "capture" }, "AD"]])
  ])
]

export const observations: ReadonlyArray<Observation> = [...sets, ...values, ...strings]

/** Whether `iam:CreatePolicy` stores a policy with such a condition on `aws:RequestTag/value`. */
export const stored: ReadonlyArray<readonly [operator: string, expected: string, isStored: boolean]> = [
  ["NumericEquals", "01", true],
  ["NumericEquals", "NaN", false],
  ["NumericEquals", "no-number", false],
  ["Bool", "TRUE", true],
  ["Bool", "yes", true],
  ["DateEquals", "not-a-date", false],
  ["ArnLike", "not-an-arn", false],
  ["IpAddress", "not-an-ip", false],
  ["BinaryEquals", "no-binary", false],
  ["Null", "yes", true],
  ["Null", "TRUE", true]
]
