import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as FastCheck from "fast-check"
import * as IamPolicy from "../../src/internal/iamPolicy.js"
import * as Validation from "../../src/plane/validation.js"
import { rounds } from "../support/rounds.js"

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

const key = "aws:TagKeys"

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

  it("compares actions without case, and resources with it and part by part", () => {
    assert.strictEqual(decide(allow({ Action: "Bedrock-AgentCore:gettokenvault" })), "Allowed")
    assert.strictEqual(decide(allow({ Resource: resource.toUpperCase().replace("ARN", "arn") })), "ImplicitDeny")
    assert.strictEqual(decide(allow({ Resource: "arn:aws:bedrock-agentcore:*:token-vault/default:x" })), "ImplicitDeny")
    assert.strictEqual(decide(allow({ Resource: "arn:aws:bedrock-agentcore:*:*:*" })), "Allowed")
  })

  const found = FastCheck.array(value, { minLength: 1, maxLength: 4 })

  it("relates the operators of one type to each other", () =>
    FastCheck.assert(
      FastCheck.property(found, FastCheck.array(pattern, { minLength: 1, maxLength: 3 }), (found, expected) => {
        const context = { [key]: found }
        const passes = (operator: string) => holds({ [operator]: { [key]: expected } }, context)
        for (const operator of ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike"]) {
          const negated = operator.replace(/(?=Equals|Like)/, "Not")
          assert.strictEqual(passes(negated), !passes(operator), operator)
          assert.strictEqual(passes(`${operator}IfExists`), passes(operator))
          assert.strictEqual(passes(`ForAnyValue:${operator}`), passes(operator))
          assert.strictEqual(passes(`ForAllValues:${negated}`), !passes(`ForAnyValue:${operator}`))
          assert.strictEqual(passes(`ForAnyValue:${negated}`), !passes(`ForAllValues:${operator}`))
        }
        assert.isTrue(passes("StringLike") || !passes("StringEquals"))
      }),
      runs
    ))

  it("treats an absent key as IAM documents it", () => {
    const passes = (operator: string, value = "a") => holds({ [operator]: { [key]: value } }, {})
    for (const operator of ["StringEquals", "StringLike", "ForAnyValue:StringEquals", "ForAnyValue:StringNotEquals"]) {
      assert.isFalse(passes(operator), operator)
      assert.isTrue(passes(`${operator}IfExists`), operator)
    }
    for (const operator of ["StringNotEquals", "ArnNotLike", "ForAllValues:StringEquals"]) {
      assert.isTrue(passes(operator), operator)
    }
    assert.isTrue(passes("Null", "true"))
    assert.isFalse(passes("Null", "false"))
    assert.isFalse(holds({ Null: { [key]: "true" } }, { [key]: "a" }))
    assert.isTrue(holds({ Null: { [key]: false } }, { [key]: "a" }))
  })

  it("compares numbers, dates, ARNs and booleans", () => {
    const cases: ReadonlyArray<readonly [operator: string, expected: string | number, found: string, holds: boolean]> =
      [
        ["NumericLessThanEquals", "600", "600", true],
        ["NumericLessThan", 600, "600", false],
        ["NumericGreaterThan", 60, "61", true],
        ["NumericGreaterThanEquals", 60, "59", false],
        ["NumericEquals", "60.0", "60", true],
        ["NumericNotEquals", "60", "60", false],
        ["DateLessThan", "2027-01-01T00:00:00Z", "2026-11-29T12:00:00Z", true],
        ["DateGreaterThan", "2027-01-01T00:00:00Z", "2026-11-29T12:00:00Z", false],
        ["DateEquals", "1795953600", "2026-11-29T12:00:00Z", true],
        ["ArnEquals", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/a/b", true],
        ["ArnLike", "arn:aws:iam::*", "arn:aws:iam::123456789012:role/a", false],
        ["ArnNotEquals", "arn:aws:iam::123456789012:role/b", "arn:aws:iam::123456789012:role/a", true],
        ["Bool", "TRUE", "true", true],
        ["StringEqualsIgnoreCase", "Alice", "aLICE", true],
        ["StringEquals", "Alice", "alice", false]
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
      const decision = IamPolicy.evaluate([{ Statement }], call({ "bedrock-agentcore:userid": "eve" }))
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
    assert.strictEqual(advice([allow(), { ...allow({ Sid: "Never" }), Effect: "Deny" }]), "statement 'Never' denies it")
    assert.strictEqual(advice([allow({ Sid: "All" })]), "statement 'All'")
  })
})

describe("Policy", () => {
  const validate = Validation.validate(IamPolicy.Policy, "Policy")

  const problems = (statement: object): ReadonlyArray<string> => {
    const { Action = "sts:*", Effect = "Allow", Resource = "*", ...rest } = statement as Partial<Statement>
    const whole = { Effect, ...("NotAction" in rest ? {} : { Action }), ...("NotResource" in rest ? {} : { Resource }) }
    const result = validate({ Version: "2012-10-17", Statement: [{ ...whole, ...rest }] })
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
        // Statements about other services do not apply.
        {
          Action: "s3:*",
          Resource: "arn:aws:s3:::${aws:username}",
          Condition: { IpAddress: { "aws:SourceIp": "::1" } }
        }
      ]
    ) assert.deepStrictEqual(problems(statement), [])
    assert.isTrue(Result.isSuccess(validate({ Statement: allow() })))
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
        /DurationSeconds: Member must be a number/
      ],
      [
        { Condition: { DateLessThan: { "aws:CurrentTime": "tomorrow" } } },
        /CurrentTime: Member must be an ISO 8601 date/
      ],
      [{ Condition: { Null: { "aws:TagKeys": "no" } } }, /TagKeys: Member must be true or false/]
    ]
    for (const [statement, problem] of cases) assert.match(problems(statement).join("\n"), problem)
    for (const statement of [{ Effect: "Allow", Resource: "*" }, { ...allow(), NotAction: "sts:*" }]) {
      const result = validate({ Statement: statement })
      assert.include(String(Result.isFailure(result) && result.failure), "have either Action or NotAction")
    }
  })
})
