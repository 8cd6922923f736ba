/** The tags of declared credentials. */
import * as Context from "effect/Context"
import { hasProperty } from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import { ValidationException } from "../IdentityError.js"
import * as Constraint from "../models/internal/constraint.js"
import { isPlain } from "../models/internal/plainData.js"
import { wrongType } from "../plane/describeIssue.js"
import * as Validation from "../plane/validation.js"

export interface Declared<out Kind extends string, out Request> {
  readonly key: string
  readonly kind: Kind
  readonly request: Request
}

export interface Options<Kind extends string, Request> {
  readonly id: string
  readonly kind: Kind
  readonly request: Request
  readonly refuse: (request: unknown) => ValidationException | undefined
  /** The public function that the program calls. */
  readonly caller: (id: never, request: never) => unknown
}

const constraintOfId = (id: unknown): string | undefined =>
  typeof id !== "string"
    ? wrongType("a string: the name of the declaration", id)
    : id === ""
    ? `${Constraint.prefix} have length greater than or equal to 1`
    : undefined

const refuseId = (id: unknown): ValidationException | undefined => {
  const constraint = constraintOfId(id)
  return constraint === undefined ? undefined : Validation.validationException([{ path: ["id"], constraint }])
}

const toThrow = (refused: ValidationException, id: unknown): ValidationException =>
  new ValidationException({
    operation: refused.operation,
    message: `The credential ${typeof id === "string" ? `'${id}' ` : ""}cannot be right: ${refused.message}`,
    reason: refused.reason,
    fieldList: refused.fieldList
  })

/** A copy that no part of the program can change: grants are kept by the request. Requests have lists and records of texts. */
const freeze = <Request extends object>(request: Request): Request =>
  Object.freeze(Object.fromEntries(
    Object.entries(request).map(([name, member]: readonly [string, unknown]) => [
      name,
      Array.isArray(member) ? Object.freeze([...member]) : isPlain(member) ? Object.freeze({ ...member }) : member
    ])
    // The same members.
  )) as Request

/**
 * Makes the tag of a credential. Throws if the request cannot be right. The stack trace begins in the program, which has
 * the mistake.
 */
export const make = <Class extends Declared<string, object>>(
  { caller, id, kind, refuse, request }: Options<Class["kind"], Class["request"]>
): Class => {
  const refused = refuseId(id) ?? refuse(request)
  if (refused !== undefined) {
    const error = toThrow(refused, id)
    Error.captureStackTrace(error, caller)
    throw error
  }
  const declared = class extends Context.Service<unknown, Redacted.Redacted>()(id) {}
  // The class is a tag for `Self`, which is a type only, and has the two members of a declaration.
  return Object.assign(declared, { kind, request: freeze(request) }) as unknown as Class
}

/** Another copy of this package may have declared the credential. */
const isCredential = (value: unknown): value is Declared<string, unknown> =>
  Context.isKey(value) && hasProperty(value, "kind") && hasProperty(value, "request")

/** Whether a value is a credential of this kind. */
export const isDeclared = <Kind extends string>(value: unknown, kind: Kind): value is Declared<Kind, unknown> =>
  isCredential(value) && value.kind === kind

/** The request of an argument that is a request or a credential of this kind. */
export const requestOf = <Request extends object>(
  kind: string,
  subject: Request | Declared<string, Request>
): Request =>
  // The check tells the two apart, which the types cannot: a request may be any object.
  (isDeclared(subject, kind) ? subject.request : subject) as Request

/** The check of an argument that is a request or a credential of this kind. `refuse` checks a request. */
export const refuseOtherTags = (
  kind: string,
  refuse: (request: unknown) => ValidationException | undefined,
  row: { readonly name: string }
) =>
(subject: unknown): ValidationException | undefined =>
  isDeclared(subject, kind)
    ? undefined
    : !Context.isKey(subject)
    ? refuse(subject)
    : Validation.validationException([{
      path: [],
      constraint: `${Constraint.prefix} be a request or a credential of ${kind}.Tag, but is a ${
        isCredential(subject) ? `credential of ${subject.kind}.Tag` : "tag without a request"
      }`
    }], row.name)

/**
 * Whether the arguments of a combinator begin with what it wraps: for `dual`. A credential is an effect, too, so its
 * second argument decides. `member` is a member of every inline request.
 */
export const isDataFirst = (member: string) => (args: ArrayLike<unknown>): boolean =>
  args.length > 2
  || args.length === 2 && (!isCredential(args[0]) || isCredential(args[1]) || hasProperty(args[1], member))
