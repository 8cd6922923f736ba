/**
 * Checks requests against the service model, and options against their schemas. Reads the issues of Effect as
 * violations: which type a member must have, and which name was probably meant. The service of a plane, made from its
 * table, checks each request before the call.
 *
 * A violation contains names of members and the type of a value. It never contains a value, which may be a secret.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Issue from "effect/SchemaIssue"
import * as Parser from "effect/SchemaParser"
import { type TransportError, type UnknownServiceError, ValidationException } from "../../IdentityError.js"
import type * as Operation from "../../Operation.js"
import * as Constraint from "../models/constraint.js"
import { dropNulls, isDeep, maxLevels } from "../models/plainData.js"
import { closestName, type Path, type Rule, toAwsSentence, type Violation, wrongType } from "../models/violation.js"
import type * as Rows from "./operation.js"

// -----------------------------------------------------------------------------
// The issues of a union
// -----------------------------------------------------------------------------

type Issues = ReadonlyArray<Issue.Issue>

const isUndefined = (ast: AST.AST): boolean => ast._tag === "Undefined"

/** Whether a type has only literals. An optional literal counts too. */
const isLiteral = (ast: AST.AST): boolean =>
  ast._tag === "Literal" || isUndefined(ast) || ast._tag === "Union" && ast.types.every(isLiteral)

const isOtherLiteral = (issue: Issue.Issue): boolean =>
  (issue._tag === "InvalidType" || issue._tag === "AnyOf") && isLiteral(issue.ast)

/** How far a value is from a member of a union: wrong literals count most, then missing members, then unknown ones. */
const unionDistance = (issue: Issue.Issue): number => {
  if (issue._tag !== "Composite" || issue.ast._tag !== "Objects") return Infinity
  const { propertySignatures } = issue.ast
  const given: object = Object(issue.input)
  const inner = issue.issues.map((member) => member._tag === "Pointer" ? member.issue : member)
  const wrong = inner.filter(isOtherLiteral).length
  // The parser reports only the issues of the discriminator, if there is one. So missing members are counted here.
  const missing = propertySignatures.filter(({ name, type }) => !AST.isOptional(type) && !Object.hasOwn(given, name))
  const known = new Set(propertySignatures.map(({ name }) => name))
  const unknown = Object.keys(given).filter((name) => !known.has(name))
  return (wrong * 1000 + missing.length) * 1000 + Math.min(unknown.length, 999)
}

/** The issues of the closest members of a union, because the request probably means one of them. */
const closestIssues = (issues: Issues): Issues => {
  const distances = issues.map(unionDistance)
  const least = Math.min(...distances)
  return issues.filter((_, index) => distances[index] === least)
}

// -----------------------------------------------------------------------------
// The types of values
// -----------------------------------------------------------------------------

const listOf: { readonly [item: string]: string } = {
  "a string": "a list of strings",
  "an object": "a list of objects"
}

const describeDeclaration = (ast: AST.Declaration): string => {
  const [type] = ast.typeParameters
  const expected = ast.annotations?.["expected"]
  return type === undefined
    ? typeof expected === "string" ? expected : "of another type"
    : Constraint.isWhole(ast)
    ? describe(type)
    : `a Redacted ${describe(type).replace(/^an? /, "")} (Redacted.make)`
}

const describe = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "String":
      return "a string"
    case "Number":
      return "a number"
    case "Boolean":
      return "true or false"
    case "Literal":
      return `'${String(ast.literal)}'`
    case "Declaration":
      return describeDeclaration(ast)
    case "Arrays":
      return listOf[ast.rest[0] === undefined ? "" : describe(ast.rest[0])] ?? "a list"
    case "Objects":
      return "an object"
    case "Union":
      return [...new Set(ast.types.filter((type) => !isUndefined(type)).map(describe))].join(" or ")
    default:
      return "of another type"
  }
}

// -----------------------------------------------------------------------------
// The violations in an issue
// -----------------------------------------------------------------------------

/** The maximum number of violations that an error reports. A request over HTTP can have one invalid item per byte. */
const maxViolations = 100

type Violations = ReadonlyArray<Violation>

/** The literals of a type that has only literals. */
const literalsOf = (ast: AST.AST): ReadonlyArray<string> =>
  ast._tag === "Union" ? ast.types.flatMap(literalsOf) : ast._tag === "Literal" ? [String(ast.literal)] : []

/** A value that is none of the literals. The input of a request from the wire is not reported. */
const readLiteral = (issue: Issue.InvalidType | Issue.AnyOf): Rule => {
  const expected = literalsOf(issue.ast)
  return !Issue.hasInput(issue)
    ? { rule: "value", expected }
    : typeof issue.input === "string"
    ? { rule: "value", expected, suggestion: closestName(issue.input, expected) }
    : wrongType(`one of [${expected.join(", ")}]`, issue.input)
}

const readType = (issue: Issue.InvalidType | Issue.AnyOf): Rule =>
  isLiteral(issue.ast) && !isUndefined(issue.ast)
    ? readLiteral(issue)
    : issue.ast._tag === "Never"
    ? { rule: "name", expected: [] }
    : Issue.hasInput(issue)
    // A file has the encoded type. The schema of a program's request has no encoding.
    ? wrongType(describe(AST.toEncoded(issue.ast)), issue.input)
    : { rule: "type" }

/** The issues of the closest members that say more than "wrong type", or else the types of all members. */
const readUnion = (issue: Issue.AnyOf, path: Path): Violations => {
  const issues = closestIssues(issue.issues.filter((one) => one._tag !== "InvalidType" || !isUndefined(one.ast)))
  const specific = issues.filter((one) => one._tag !== "InvalidType" || isLiteral(one.ast))
  return isLiteral(issue.ast) || specific.length === 0
    ? [{ path, ...readType(issue) }]
    : specific.flatMap((one) => readIssue(one, path))
}

/** An unknown name that is close to a missing member is one mistake, so it is one violation. */
const readMembers = (issues: Issues, ast: AST.Objects, input: unknown, path: Path): Violations => {
  const expected = ast.propertySignatures.map(({ name }) => String(name))
  const given: object = Object(input)
  // A name that the request has already is not a suggestion.
  const absent = expected.filter((name) => !Object.hasOwn(given, name))
  const renamed = new Set<string>()
  const read = issues.map((member) => {
    if (member._tag !== "Pointer" || member.issue._tag !== "UnexpectedKey") return readIssue(member, path)
    const suggestion = closestName(String(member.path[0]), absent)
    if (suggestion !== undefined) renamed.add(suggestion)
    return [{ rule: "name" as const, path: [...path, ...member.path], expected, suggestion }]
  })
  return read.flat().filter(({ path: [...name], rule }) =>
    !(rule === "missing" && name.length === path.length + 1 && renamed.has(String(name.at(-1))))
  )
}

const readIssue = (issue: Issue.Issue, path: Path): Violations => {
  const leaf = (rule: Rule = { rule: "type" }) => [{ path, ...rule }]
  switch (issue._tag) {
    case "Pointer":
      return readIssue(issue.issue, [...path, ...issue.path])
    case "Composite": {
      const issues = issue.issues.slice(0, maxViolations)
      return issue.ast._tag === "Objects"
        ? readMembers(issues, issue.ast, issue.input, path)
        : issues.flatMap((one) => readIssue(one, path))
    }
    case "Filter": {
      const rule = Constraint.ruleOf(issue.filter.annotations)
      return rule === undefined ? readIssue(issue.issue, path) : leaf(rule)
    }
    case "Encoding":
      return readIssue(issue.issue, path)
    case "AnyOf":
      return readUnion(issue, path)
    case "InvalidType":
      return leaf(readType(issue))
    case "InvalidValue":
      return leaf(Constraint.ruleOf(issue.annotations))
    case "MissingKey":
      return leaf({ rule: "missing" })
    default:
      return leaf()
  }
}

/** The violations in an issue, without duplicates, at most 100. */
export const readViolations = (issue: Issue.Issue): Violations => {
  const found = new Map(
    readIssue(issue, []).map((one) => [`${JSON.stringify(one.path.map(String))}${toAwsSentence(one)}`, one])
  )
  return [...found.values()].slice(0, maxViolations)
}

// -----------------------------------------------------------------------------
// The exception
// -----------------------------------------------------------------------------

/** In characters. A name can contain the key of a map, which has up to 256. */
const maxNameLength = 512

/** The name is truncated, because the key of a map from outside can have any length. */
const fieldName = (path: Path): string => {
  const name = path.length === 0 ? "request" : path.map(String).join(".")
  return name.length <= maxNameLength ? name : `${name.slice(0, maxNameLength)}…`
}

/** Reads the value at the path of a violation. */
export const valueAt = (request: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => Predicate.isObjectOrArray(value) ? Reflect.get(value, key) : undefined, request)

/** The message of an exception for several violations. */
export const summarize = (details: ReadonlyArray<string>): string =>
  `${details.length} validation error${details.length === 1 ? "" : "s"} detected: ${details.join("; ")}`

/** The exception for violations. */
export const validationException = (violations: ReadonlyArray<Violation>, operation: string): ValidationException => {
  const fieldList = violations.map((violation) => ({
    name: fieldName(violation.path),
    message: toAwsSentence(violation)
  }))
  const details = fieldList.map((field) => `Value at '${field.name}' failed to satisfy constraint: ${field.message}`)
  return new ValidationException({
    operation,
    message: summarize(details),
    reason: "FieldValidationFailed",
    fieldList
  })
}

/** The exception for a property. `expected` completes "must". */
export const invalidProperty = (operation: string, property: string, expected: string): ValidationException =>
  validationException([{ path: [property], rule: "limit", expected }], operation)

// -----------------------------------------------------------------------------
// Checks
// -----------------------------------------------------------------------------

const tooDeep: Violation = { path: [], rule: "limit", expected: `have at most ${maxLevels} levels` }
const unreadable: Violation = { path: [], rule: "type" }

/** Runs a parser on any value. A value that makes the parser throw is a violation too. */
const parse = <A>(run: () => Result.Result<A, Issue.Issue>): Result.Result<A, ReadonlyArray<Violation>> => {
  try {
    return Result.mapError(run(), readViolations)
  } catch {
    // The parser converts discriminators of unions to strings, which throws for `{ toString: 1, valueOf: 1 }`.
    return Result.fail([unreadable])
  }
}

/** Makes a function that returns the violations of a program's value. Unknown properties are violations. */
export const findViolations = <A, I>(schema: Schema.Codec<A, I>): (value: unknown) => ReadonlyArray<Violation> => {
  const run = Parser.decodeUnknownResult(Schema.toType(schema), {
    errors: "all",
    onExcessProperty: "error",
    // A violation contains the type of a value.
    reportInput: true
  })
  return (value) =>
    Result.match(parse(() => run(value)), {
      // No valid value has so many levels.
      onFailure: (violations) => isDeep(value) ? [tooDeep] : violations,
      onSuccess: () => []
    })
}

/** Checks a request of a program. Returns a valid request itself: the parser would return a copy. */
export const check = <A, I>(
  schema: Schema.Codec<A, I>,
  operation: string
): (request: unknown) => Result.Result<A, ValidationException> => {
  const find = findViolations(schema)
  return (request) => {
    const violations = find(request)
    return violations.length === 0
      ? Result.succeed(request as A)
      : Result.fail(validationException(violations, operation))
  }
}

/** Returns the exception of an invalid value. */
export type Check = (value: unknown) => ValidationException | undefined

/** Makes a function that checks an object. The first call makes the schema of its fields, which need no context. */
export const makeCheck = (operation: string, fields: () => Schema.Struct.Fields): Check => {
  let find: ReturnType<typeof findViolations> | undefined
  return (options) => {
    find ??= findViolations(Schema.Struct(fields()) as unknown as Schema.Codec<unknown>)
    const violations = find(options)
    return violations.length === 0 ? undefined : validationException(violations, operation)
  }
}

/** Makes a layer from valid options. Invalid options are a defect, because no program can handle them. */
export const makeLayer = <Options, A, E, R>(
  check: Check,
  options: Options,
  make: (options: Options) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => {
  const exception = check(options)
  return exception === undefined ? make(options) : Layer.unwrap(Effect.die(exception))
}

/** Whether the member of a request is a map. A test compares the names with the service model. */
export const isMap = (name: unknown): boolean =>
  /^(additional(Header|Payload)Claims|customParameters|tags)$/.test(String(name))

/**
 * Decodes and checks a request from the wire. As at AWS, members that are null are ignored. A null in a list or a map
 * has the wrong type. By default unknown members are ignored, too.
 */
export const decode = <A, I>(
  schema: Schema.Codec<A, I>,
  onExcessProperty: "ignore" | "error" = "ignore"
): (request: unknown) => Result.Result<A, ReadonlyArray<Violation>> => {
  const run = Parser.decodeUnknownResult(schema, {
    errors: "all",
    onExcessProperty,
    reportInput: onExcessProperty === "error"
  })
  const isMember = (path: Path): boolean => typeof path.at(-1) !== "number" && !isMap(path.at(-2))
  return (request) =>
    // The parser ignores unknown members, and `dropNulls` reads them.
    isDeep(request) ? Result.fail([tooDeep]) : Result.mapError(
      parse(() => run(dropNulls(request, isMap))),
      (violations) =>
        violations.map((violation): Violation =>
          violation.rule === "type" && isMember(violation.path) && Predicate.isNullish(valueAt(request, violation.path))
            ? { path: violation.path, rule: "missing" }
            : violation
        )
    )
}

// -----------------------------------------------------------------------------
// Types of options that no request has, such as functions, durations and tags
// -----------------------------------------------------------------------------

export const AnyFunction = Constraint.guard("a function", Predicate.isFunction)

export const AnyEffect = Constraint.guard("an Effect", Effect.isEffect)

export const DurationInput = Constraint.guard(
  "a number of milliseconds, or a Duration as in '10 minutes'",
  (value): value is Duration.Input => Duration.fromInput(value as Duration.Input)._tag === "Some"
)

/** A count or an amount. It may be `Infinity`. */
export const Amount = Constraint.guard(
  "a number, 0 or more",
  (value): value is number => typeof value === "number" && value >= 0
)

/** A quota. */
export const Rate = Constraint.guard(
  "a number of calls per second, above 0",
  (value): value is number => typeof value === "number" && value > 0
)

/** A port to listen on, 0 for a free one. */
export const Port = Constraint.guard(
  "a port, 0 to 65535",
  (value): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535
)

export const Tag = Constraint.guard("a Context.Service", Context.isKey)

export const Handler = Constraint.guard(
  "a consent handler: a function from a session to an Effect",
  (value): value is object =>
    Predicate.isFunction(value) || (Predicate.hasProperty(value, "show") && Predicate.isFunction(value.show))
)

export const Poll = Constraint.guard(
  "a Schedule or a Poller",
  (value) => Schedule.isSchedule(value) || Predicate.isFunction(value)
)

// -----------------------------------------------------------------------------
// The services of planes
// -----------------------------------------------------------------------------

type Call = (request: unknown) => Effect.Effect<unknown, unknown>

const mapMethods = <T extends Rows.Table>(
  table: T,
  f: (row: Rows.Any, method: string) => Call
): Operation.Plane<T> =>
  // A method for each row, which TypeScript does not see.
  Object.fromEntries(
    Object.entries(table).map(([method, row]) => [method, f(row, method)])
  ) as unknown as Operation.Plane<T>

/** TypeScript does not see that a plane of any table is a record of calls. */
export const callOf = (plane: object, method: string): Call => Reflect.get(plane, method) as Call

/** Makes a plane whose methods differ only by their rows. */
export const fromTable = <const T extends Rows.Table>(
  table: T,
  f: <Request, Response, E>(
    row: Operation.Operation<string, Request, Response, E>,
    method: string
  ) => (request: Request) => Effect.Effect<Response, E | UnknownServiceError | TransportError>
): Operation.Plane<T> =>
  // `f` makes a method of any request, response and errors.
  mapMethods(table, f as unknown as (row: Rows.Any, method: string) => Call)

/** The methods of planes without the checks of their requests. */
const uncheckedCalls = new WeakMap<object, Call>()

/**
 * Calls a method with a request that is valid, which takes a tenth of a call less. Undefined for a method that is not
 * from {@link make}: a decorator can change a request.
 */
export const callUnchecked = <Request, A>(method: (request: Request) => A, request: Request): A | undefined =>
  // The call without the check has the type of the method.
  uncheckedCalls.get(method)?.(request) as A | undefined

/** Checks each request, then calls the implementation, in a span `<plane>.<method>`. */
export const make = <const T extends Rows.Table>(
  plane: string,
  table: T,
  implementation: Operation.Plane<T>
): Operation.Plane<T> =>
  mapMethods(table, ({ name, request: schema }, method) => {
    const checkRequest = check(schema, name)
    const call = callOf(implementation, method)
    // The stack of a span would always show this line. The data-last form of `withSpan` ignores the option.
    const span = { attributes: { "rpc.system": "aws-api", "rpc.method": name }, captureStackTrace: false }
    const trace = (call: Call): Call => (request) =>
      Effect.withSpan(Effect.suspend(() => call(request)), `${plane}.${method}`, span)
    const checked = trace((request) => Effect.flatMapEager(Effect.fromResult(checkRequest(request)), call))
    uncheckedCalls.set(checked, trace(call))
    return checked
  })

/** Wraps every call of a plane. */
export const decorate = <const T extends Rows.Table, E>(
  table: T,
  plane: Operation.Plane<T>,
  decorator: Operation.Decorator<T, E>
): Operation.Plane<T> => {
  // The decorator of an operation gets the call and the request of that operation.
  const wrap = decorator as (method: string, call: ReturnType<Call>, request: unknown) => ReturnType<Call>
  return mapMethods(table, (_, method) => {
    const call = callOf(plane, method)
    return (request) => wrap(method, call(request), request)
  })
}

/** Wraps every call of the plane in context. Each use of the layer wraps the plane below it. */
export const layerDecorate = <I, const T extends Rows.Table, E>(
  tag: Context.Key<I, Operation.Plane<T>>,
  table: T,
  decorator: Operation.Decorator<T, E>
): Layer.Layer<I, never, I> =>
  Layer.fresh(Layer.effect(tag, Effect.map(tag, (plane) => decorate(table, plane, decorator))))
