import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as FastCheck from "fast-check"
import { readContext } from "../../src/internal/iamContext.js"
import * as IamPolicy from "../../src/internal/iamPolicy.js"
import * as Validation from "../../src/internal/plane/validation.js"
import * as SetupFile from "../../src/local/standalone/setupFile.js"
import { rounds } from "../support/rounds.js"
import { observations, stored } from "./iamObservations.js"

const resource = "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default"

const call = (context: IamPolicy.Call["context"] = {}, more: Partial<IamPolicy.Call> = {}): IamPolicy.Call => ({
  action: "bedrock-agentcore:GetTokenVault",
  resource,
  context,
  ...more
})

type Statement = Exclude<IamPolicy.Policy["Statement"], ReadonlyArray<unknown>>

type Condition = NonNullable<Statement["Condition"]>

const allow = (statement: Partial<Statement> = {}): Statement => ({
  Effect: "Allow",
  Action: "*",
  Resource: "*",
  ...statement
})

const decide = (Statement: IamPolicy.Policy["Statement"], request = call()) =>
  IamPolicy.evaluate([{ Statement }], request)._tag

const runs = { numRuns: rounds({ few: 200, full: 2000 }) }

const pattern = FastCheck.stringMatching(/^[ab*?:]{0,8}$/)

const value = FastCheck.stringMatching(/^[ab:]{0,8}$/)

/** Whether a condition holds: statements without one are allowed. */
const holds = (Condition: Condition, context: IamPolicy.Call["context"]): boolean =>
  decide(allow({ Condition }), call(context)) === "Allowed"

/** A key with one value. */
const key = "bedrock-agentcore:userid"

/** A key with several values. */
const keys = "aws:TagKeys"

describe("isLike", () => {
  it("matches as the regular expression of the pattern", () =>
    FastCheck.assert(
      FastCheck.property(pattern, value, (pattern, value) => {
        const expression = new RegExp(`^${pattern.replaceAll("?", ".").replaceAll("*", ".*")}$`)
        assert.strictEqual(IamPolicy.isLike(pattern, value), expression.test(value))
      }),
      runs
    ))

  it("takes no time that grows exponentially with the stars", () =>
    assert.isFalse(IamPolicy.isLike("*a".repeat(40) + "b", "a".repeat(2000))))
})

describe("evaluate", () => {
  const statement = FastCheck.record({
    Effect: FastCheck.constantFrom("Allow" as const, "Deny" as const),
    Action: FastCheck.constantFrom("*", "bedrock-agentcore:Get*", "BEDROCK-AGENTCORE:gettokenvault", "sts:*"),
    Resource: FastCheck.constantFrom("*", resource, `${resource}/*`, "arn:aws:*:*:*:token-vault/?efault")
  })

  it("denies, then allows, and else denies, in any order and in any number of policies", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(statement, { maxLength: 5 }), (statements) => {
        const matching = statements.filter(({ Action, Resource }) => Action !== "sts:*" && Resource !== `${resource}/*`)
        const expected = matching.some(({ Effect }) => Effect === "Deny")
          ? "ExplicitDeny"
          : matching.length > 0
          ? "Allowed"
          : "ImplicitDeny"
        assert.strictEqual(decide(statements), expected)
        assert.strictEqual(decide([...statements].reverse()), expected)
        const policies = statements.map((Statement): IamPolicy.Policy => ({ Statement }))
        assert.strictEqual(IamPolicy.evaluate(policies, call())._tag, expected)
      }),
      runs
    ))

  it("treats NotAction and NotResource as the complements", () =>
    FastCheck.assert(
      FastCheck.property(pattern, (part) => {
        const action = `bedrock-agentcore:Get${part}`
        const isAllowed = (statement: Partial<Statement>) => decide({ Effect: "Allow", ...statement }) === "Allowed"
        assert.notStrictEqual(
          isAllowed({ Action: action, Resource: "*" }),
          isAllowed({ NotAction: action, Resource: "*" })
        )
        const arn = `arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/${part}`
        assert.notStrictEqual(isAllowed({ Action: "*", Resource: arn }), isAllowed({ Action: "*", NotResource: arn }))
      }),
      runs
    ))

  it("compares actions without case, and resources with it", () => {
    assert.strictEqual(decide(allow({ Action: "Bedrock-AgentCore:gettokenvault" })), "Allowed")
    assert.strictEqual(decide(allow({ Resource: resource.toUpperCase().replace("ARN", "arn") })), "ImplicitDeny")
  })

  it("matches resources part by part, but for a star at the end of a part", () => {
    const cases: ReadonlyArray<readonly [pattern: string, isMatch: boolean]> = [
      ["arn:aws:bedrock-agentcore:*:*:*", true],
      ["arn:aws:bedrock-agentcore:us-west-2:*:token-vault/default", true],
      // The first star matches the region and the account.
      ["arn:aws:bedrock-agentcore:*:token-vault/default:*", false],
      ["arn:aws:*:123456789012:*:*", false],
      ["arn:*:us-west-2:123456789012:token-vault/default:*", false],
      ["arn:aws:bedrock-agentcore:*2:123456789012:token-vault/*", true],
      ["arn:aws:bedrock-agentcore:us*2:*:token-vault/*", true],
      ["arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault", false]
    ]
    for (const [pattern, isMatch] of cases) {
      assert.strictEqual(decide(allow({ Resource: pattern })), isMatch ? "Allowed" : "ImplicitDeny", pattern)
      assert.strictEqual(
        decide({ Effect: "Allow", Action: "*", NotResource: pattern }),
        isMatch ? "ImplicitDeny" : "Allowed"
      )
    }
    const secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:bedrock-agentcore-identity!default/a-1"
    const decideFor = (pattern: string) => decide(allow({ Resource: pattern }), call({}, { resource: secret }))
    for (const pattern of ["arn:aws:secretsmanager:*:secret:bedrock*:*", "arn:aws:*ger:*t:secret:bedrock*"]) {
      assert.strictEqual(decideFor(pattern), "ImplicitDeny", pattern)
    }
    for (
      const pattern of [
        "arn:aws:secretsmanager:us-west-2:123456789012:*",
        "arn:aws:secretsmanager:us-west-2:*:bedrock-agentcore-identity!default/*",
        "arn:aws:sec*:*:*:secret:*",
        "arn:aws:*:*:secret:bedrock*",
        "arn:*:*:*:*:bedrock-agentcore-identity!default/a-?"
      ]
    ) assert.strictEqual(decideFor(pattern), "Allowed", pattern)
  })

  const found = FastCheck.array(value, { minLength: 1, maxLength: 4 })

  it("relates the operators of one type to each other", () =>
    FastCheck.assert(
      FastCheck.property(found, FastCheck.array(pattern, { minLength: 1, maxLength: 3 }), (found, expected) => {
        const [first = ""] = found
        const single = (operator: string) => holds({ [operator]: { [key]: expected } }, { [key]: first })
        const passes = (operator: string) => holds({ [operator]: { [keys]: expected } }, { [keys]: found })
        for (const operator of ["StringEquals", "StringEqualsIgnoreCase", "StringLike"]) {
          const negated = operator.replace(/(?=Equals|Like)/, "Not")
          assert.strictEqual(single(negated), !single(operator), operator)
          assert.strictEqual(single(`${operator}IfExists`), single(operator))
          assert.strictEqual(single(`ForAnyValue:${operator}`), single(operator))
          for (const bare of [operator, negated]) assert.isFalse(passes(bare) || passes(`${bare}IfExists`), bare)
          assert.strictEqual(passes(`ForAllValues:${negated}`), !passes(`ForAnyValue:${operator}`))
          assert.strictEqual(passes(`ForAnyValue:${negated}`), !passes(`ForAllValues:${operator}`))
        }
        assert.isTrue(single("StringLike") || !single("StringEquals"))
      }),
      runs
    ))

  it("has the operators that the observations below have not", () => {
    const cases: ReadonlyArray<readonly [operator: string, expected: string | number, found: string, holds: boolean]> =
      [
        ["NumericLessThanEquals", "600", "600", true],
        ["NumericLessThan", 600, "600", false],
        ["NumericGreaterThan", 60, "61", true],
        ["NumericGreaterThanEquals", 60, "59", false],
        ["DateLessThan", "2027-01-01T00:00:00Z", "2026-11-29T12:00:00Z", true],
        ["DateGreaterThan", "2027-01-01T00:00:00Z", "2026-11-29T12:00:00Z", false],
        ["ArnEquals", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/a/b", true],
        ["ArnLike", "arn:aws:iam::*", "arn:aws:iam::123456789012:role/a", false],
        ["ArnNotEquals", "arn:aws:iam::123456789012:role/b", "arn:aws:iam::123456789012:role/a", true],
        ["ArnLike", "arn:aws:iam::*:role/a", "arn:aws:iam:::123456789012:role/a", false]
      ]
    for (const [operator, expected, found, result] of cases) {
      assert.strictEqual(holds({ [operator]: { [key]: expected } }, { [key]: found }), result, operator)
    }
  })

  it("requires every operator and every key, and compares the names of keys without case", () => {
    const Condition = { StringEquals: { "aws:RequestTag/Team": "a", "bedrock-agentcore:UserId": ["alice", "bob"] } }
    const context = { "aws:RequestTag/team": "a", "bedrock-agentcore:userid": "bob" }
    assert.isTrue(holds(Condition, context))
    assert.isFalse(holds(Condition, { ...context, "aws:RequestTag/team": "b" }))
    assert.isFalse(holds({ ...Condition, StringNotEquals: { "bedrock-agentcore:userid": "bob" } }, context))
  })

  it("names the statement to change", () => {
    const advice = (Statement: IamPolicy.Policy["Statement"]) => {
      const context = { "bedrock-agentcore:userid": "eve", "sts:IdentityTokenAudience": ["a"] }
      const decision = IamPolicy.evaluate([{ Statement }], call(context))
      return decision._tag === "Allowed" ? decision.by.join() : decision.advice
    }
    assert.strictEqual(
      advice([]),
      `no statement allows the action: add one with the action bedrock-agentcore:GetTokenVault and the resource ${resource}`
    )
    assert.strictEqual(
      advice([allow({ Action: "sts:*" }), allow({ Resource: `${resource}/x` })]),
      `add the resource ${resource} to statement 2`
    )
    assert.strictEqual(
      advice(allow({ Sid: "Users", Condition: { StringEquals: { "bedrock-agentcore:userid": "alice" } } })),
      "the condition 'StringEquals bedrock-agentcore:userid' of statement 'Users' does not hold"
    )
    assert.strictEqual(
      advice(allow({ Condition: { StringEquals: { "sts:IdentityTokenAudience": "a" } } })),
      "the condition 'StringEquals sts:IdentityTokenAudience' (write ForAnyValue or ForAllValues before it) of statement 1 "
        + "does not hold"
    )
    assert.strictEqual(advice([allow(), { ...allow({ Sid: "Never" }), Effect: "Deny" }]), "statement 'Never' denies it")
    assert.strictEqual(advice([allow({ Sid: "All" })]), "statement 'All'")
  })
})

describe("observations of the live IAM", () => {
  const decideTagging = ({ effect, expected, key, operator, tags }: typeof observations[number]) => {
    const conditional = allow({ Condition: { [operator]: { [key]: expected } } })
    const Statement = effect === "Allow" ? [conditional] : [allow(), { ...conditional, Effect: effect }]
    assert.isTrue(Result.isSuccess(Validation.check(IamPolicy.Policy, "Policy")({ Statement })), operator)
    const context = readContext({ tags })
    return decide(
      Statement,
      call(context, { action: "iam:TagUser", resource: "arn:aws:iam::123456789012:user/test" })
    )
  }

  it("decides the same, but for those that say why", () => {
    for (const observation of observations) {
      const isAllowed = decideTagging(observation) === "Allowed"
      const isExpected = isAllowed === observation.isAllowed
      assert.strictEqual(isExpected, observation.differs === undefined, JSON.stringify(observation))
    }
    assert.deepStrictEqual(
      { all: observations.length, differ: observations.filter(({ differs }) => differs !== undefined).length },
      { all: 387, differ: 6 }
    )
  })

  it("accepts the policies that IAM stores, and no other", () => {
    for (const [operator, expected, isStored] of stored) {
      const Statement = allow({ Condition: { [operator]: { "aws:RequestTag/value": expected } } })
      const result = Validation.check(IamPolicy.Policy, "Policy")({ Statement })
      assert.strictEqual(Result.isSuccess(result), isStored, `${operator} ${expected}`)
    }
  })
})

describe("Policy", () => {
  const check = Validation.check(IamPolicy.Policy, "Policy")

  const problems = (statement: object): ReadonlyArray<string> => {
    const { Action = "sts:*", Effect = "Allow", Resource = "*", ...rest } = statement as Partial<Statement>
    const whole = { Effect, ...("NotAction" in rest ? {} : { Action }), ...("NotResource" in rest ? {} : { Resource }) }
    const result = check({ Version: "2012-10-17", Statement: [{ ...whole, ...rest }] })
    return Result.isSuccess(result)
      ? []
      : result.failure.fieldList?.map(({ message, name }) => `${name}: ${message}`) ?? []
  }

  it("accepts AWS's own form", () => {
    for (
      const statement of [
        {},
        { Sid: "Any", Action: ["sts:Get*", "s3:GetObject"], Resource: ["*", resource] },
        { NotAction: "iam:*", NotResource: resource },
        { Effect: "Deny", Condition: { "ForAllValues:StringNotLikeIfExists": { "aws:RequestTag/team": ["a", "b"] } } },
        { Condition: { NumericLessThan: { "sts:DurationSeconds": 600 }, Null: { "aws:TagKeys": true } } },
        // AWS stores any value of them.
        { Condition: { Bool: { "aws:RequestTag/a": "yes" }, Null: { "aws:TagKeys": "no" } } },
        { Condition: { ArnLike: { "aws:PrincipalArn": ["arn:aws:iam::*:role/*", "*"] } } },
        // Statements about other services do not apply.
        {
          Action: "s3:*",
          Resource: "arn:aws:s3:::${aws:username}",
          Condition: { IpAddress: { "aws:SourceIp": "::1" } }
        },
        { Action: "kms:Decrypt", Resource: "*", Condition: { Bool: { "kms:GrantIsForAWSResource": true } } },
        { Action: "sts:AssumeRole", Resource: "*", Condition: { StringEquals: { "sts:ExternalId": "a" } } }
      ]
    ) assert.deepStrictEqual(problems(statement), [])
    assert.isTrue(Result.isSuccess(check({ Statement: allow() })))
  })

  it("rejects what is not evaluated, and names it", () => {
    const cases: ReadonlyArray<readonly [statement: object, problem: RegExp]> = [
      [{ Principal: "*" }, /Statement\.0\.Principal: Member must have a known name/],
      [{ Effect: "allow" }, /Statement\.0\.Effect: Member must satisfy enum value set: \[Allow, Deny\]/],
      [{ Action: "GetResourceApiKey" }, /Statement\.0\.Action: Member must be \*, or a service and an action/],
      [{ Action: [] }, /Statement\.0\.Action: Member must not be empty/],
      [{ Resource: "token-vault/default" }, /Statement\.0\.Resource: Member must be \*, or an ARN with six parts/],
      [{ Resource: "arn:aws:s3:::${aws:username}" }, /Statement\.0\.Resource: Member must not have a policy variable/],
      [
        { Condition: { IpAddress: { "aws:TagKeys": "a" } } },
        /Condition\.IpAddress: Member must be a condition operator/
      ],
      [{ Condition: { "ForAllValues:Null": { "aws:TagKeys": "true" } } }, /Member must be a condition operator/],
      [{ Condition: { NumericNotLessThan: { "sts:DurationSeconds": 1 } } }, /Member must be a condition operator/],
      [{ Condition: { StringEquals: { "aws:SourceIp": "a" } } }, /aws:SourceIp: Member must be a condition key/],
      [{ Condition: { StringEquals: { "aws:PrincipalArn": "${aws:userid}" } } }, /must not have a policy variable/],
      [
        { Condition: { NumericEquals: { "sts:DurationSeconds": "an hour" } } },
        /DurationSeconds: Member must be a decimal number/
      ],
      [
        { Condition: { DateLessThan: { "aws:CurrentTime": "tomorrow" } } },
        /CurrentTime: Member must be an ISO 8601 date/
      ],
      // AWS rejects the rest.
      [{ Sid: "a b" }, /Statement\.0\.Sid: Member must satisfy regular expression pattern: \[A-Za-z0-9\]\*/],
      [{ Resource: [] }, /Statement\.0\.Resource: Member must not be empty/],
      [{ Condition: { StringEquals: {} } }, /Statement\.0\.Condition\.StringEquals: Member must not be empty/],
      [
        { Condition: { StringEquals: { "aws:PrincipalArn": [] } } },
        /Condition\.StringEquals\.aws:PrincipalArn: Member must not be empty/
      ],
      [
        { Condition: { StringEquals: { "aws:RequestTag/${aws:userid}": "a" } } },
        /RequestTag\/\$\{aws:userid\}: Member must not have a policy variable/
      ],
      [{ Condition: { ArnEquals: { "aws:PrincipalArn": "role/a" } } }, /PrincipalArn: Member must be \*, or an ARN/],
      [{ Condition: { NumericEquals: { "sts:DurationSeconds": "0x10" } } }, /Member must be a decimal number/],
      [{ Action: "kms:*", Condition: { Bool: { "aws:SecureTransport": true } } }, /must be a condition key/]
    ]
    for (const [statement, problem] of cases) assert.match(problems(statement).join("\n"), problem)
    for (const statement of [{ Effect: "Allow", Resource: "*" }, { ...allow(), NotAction: "sts:*" }]) {
      const result = check({ Statement: statement })
      assert.include(String(Result.isFailure(result) && result.failure), "have either Action or NotAction")
    }
  })

  it("rejects a policy without statements, and two statements with one Sid", () => {
    const messageOf = (Statement: ReadonlyArray<object>) => {
      const result = check({ Statement })
      return String(Result.isFailure(result) && result.failure)
    }
    assert.include(messageOf([]), "Value at 'Statement' failed to satisfy constraint: Member must not be empty")
    assert.include(
      messageOf([
        allow({ Sid: "A" }),
        allow({ Sid: "B" }),
        allow({ Sid: "A" }),
        allow({ Sid: "" }),
        allow({ Sid: "" })
      ]),
      "1 validation error detected: Value at 'Statement.2.Sid' failed to satisfy constraint: Member must be unique"
    )
  })

  it("rejects a file with comments or trailing commas, at their position", async () => {
    const parse = (text: string) => Effect.runPromise(Effect.flip(SetupFile.parsePolicy(text, "policy.json")))
    const statement = JSON.stringify(allow())
    assert.include(String(await parse(`{\n  // All\n  "Statement": ${statement}\n}`)), "policy.json:2:3: ")
    assert.include(String(await parse(`{ "Statement": ${statement}, }`)), "policy.json:1:")
    assert.include(
      String(await parse(`{\n  "Statement": [${statement}, {\n    "Sid": "a b", ${statement.slice(1)}]\n}`)),
      "policy.json:3:12: Statement[1].Sid: "
    )
  })
})
