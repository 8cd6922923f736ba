/** Declared credentials, and what the functions of all kinds of credentials share. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { hasProperty, isObject } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import { ValidationException } from "../../IdentityError.js"
import * as Constraint from "../models/constraint.js"
import { isPlain } from "../models/plainData.js"
import { wrongType } from "../models/violation.js"
import * as OptionType from "../plane/optionType.js"
import * as Validation from "../plane/validation.js"

/** A declared credential. */
export interface Declared<out Kind extends string, out Request> {
  /** The name of the declaration. It is unique in a program. */
  readonly key: string
  /** The kind of the credential. */
  readonly kind: Kind
  /** The request of every use. */
  readonly request: Request
}

/** Checks the properties, because another copy of this package may have declared the credential. */
const isCredential = (value: unknown): value is Declared<string, unknown> =>
  Context.isKey(value) && hasProperty(value, "kind") && hasProperty(value, "request")

export const isDeclared = <Kind extends string>(value: unknown, kind: Kind): value is Declared<Kind, unknown> =>
  isCredential(value) && value.kind === kind

/** Returns the request of a credential of this kind. Returns a request unchanged. */
export const requestOf = <Request extends object>(
  kind: string,
  subject: Request | Declared<string, Request>
): Request =>
  // Any object may be a request, so the types cannot distinguish the two.
  (isDeclared(subject, kind) ? subject.request : subject) as Request

/** The requests that were checked when they were declared. */
const declaredRequests = new WeakSet<object>()

/** Makes a function that checks a request or a credential of this kind. */
export const makeSubjectCheck =
  (kind: string, operation: string, checkRequest: Validation.Check): Validation.Check => (subject) =>
    isDeclared(subject, kind)
      // A subclass can override the request.
      ? isObject(subject.request) && declaredRequests.has(subject.request) ? undefined : checkRequest(subject.request)
      : !Context.isKey(subject)
      ? checkRequest(subject)
      : Validation.validationException([{
        path: [],
        rule: "type",
        expected: `a request or a credential of ${kind}.Tag`,
        actual: isCredential(subject) ? `a credential of ${subject.kind}.Tag` : "a tag without a request"
      }], operation)

/**
 * Whether the first argument of a `dual` combinator is the effect that it wraps. A credential is an effect too, so the
 * second argument decides. Every inline request has the property `property`.
 */
export const isDataFirst = (property: string) => (args: ArrayLike<unknown>): boolean =>
  args.length > 2
  || args.length === 2 && (!isCredential(args[0]) || isCredential(args[1]) || hasProperty(args[1], property))

const checkId = (id: unknown, operation: string): ValidationException | undefined =>
  typeof id === "string" && id !== "" ? undefined : Validation.validationException([{
    path: ["id"],
    ...id === ""
      ? { rule: "limit", expected: Constraint.atLeast(1) }
      : wrongType("a string: the name of the declaration", id)
  }], operation)

const toDeclarationError = (error: ValidationException, id: unknown): ValidationException =>
  new ValidationException({
    ...error,
    message: `The credential ${typeof id === "string" ? `'${id}' ` : ""}is invalid: ${error.message}`
  })

/**
 * Returns a copy that the program cannot change, because AgentCore stores grants by the request. Requests contain lists
 * and records of strings.
 */
export const freeze = (request: object): object => {
  const copy: Record<string, unknown> = { ...request }
  for (const name of Object.keys(copy)) {
    const value = copy[name]
    if (Array.isArray(value)) copy[name] = Object.freeze([...value])
    else if (isPlain(value)) copy[name] = Object.freeze({ ...value })
  }
  return Object.freeze(copy)
}

export interface Checks {
  readonly name: string
  readonly checkDeclaration: Validation.Check
  /** Checks a request, or a credential. */
  readonly checkRequest: Validation.Check
}

export const intoField = () => ({ into: Constraint.optional(OptionType.Tag) })

type Tag<Id> = Context.Key<Id, Redacted.Redacted>

/** A declared credential, or a request with the tag for its credential. */
type Tagged<Id> = Tag<Id> | { readonly into?: Tag<Id> | undefined }

/** The functions that every kind has. The default tag is for inline requests that name no tag. */
export const makeKind = ({ checkDeclaration, name }: Checks, defaultTag: Tag<unknown>) => {
  // The stack trace of an error begins in the program, where the mistake is.
  const declare = <Class>(id: string, request: object): Class => {
    const issue = checkId(id, `${name}.Tag`) ?? checkDeclaration(request)
    if (issue !== undefined) {
      const error = toDeclarationError(issue, id)
      Error.captureStackTrace(error, declare)
      throw error
    }
    const declared = class extends Context.Service<unknown, Redacted.Redacted>()(id) {}
    // The class is a tag for `Self`, which is a type only, and has the two properties of a declaration.
    const frozen = freeze(request)
    declaredRequests.add(frozen)
    return Object.assign(declared, { kind: name, request: frozen }) as unknown as Class
  }

  // The function that obtains the credential checks the request and `into`.
  const tagOf = <Id>(subject: Tagged<Id>): Tag<Id> => {
    if (Context.isKey(subject)) return subject
    // Without `into`, Id is the identifier of the default tag.
    return hasProperty(subject, "into") && Context.isKey(subject.into) ? subject.into as Tag<Id> : defaultTag as Tag<Id>
  }

  const provide = <A, E1, R1, Id, Subject extends object, E, R>(
    self: Effect.Effect<A, E1, R1>,
    subject: Subject & Tagged<Id>,
    obtain: (subject: Subject) => Effect.Effect<Redacted.Redacted, E, R>
  ): Effect.Effect<A, E1 | E, Exclude<R1, Id> | R> =>
    Effect.suspend(() => Effect.provideServiceEffect(self, tagOf<Id>(subject), obtain(subject)))

  return { declare, provide }
}
