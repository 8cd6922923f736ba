/**
 * Checks of the options of the constructors, in the names of `CredentialProvider`. The plane checks the limits of values.
 */
import { isObject, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { operations } from "../ControlPlane.js"
import * as Constraint from "../models/internal/constraint.js"
import { type Oauth2Vendor, vendors } from "../models/internal/vendors.js"
import * as Validation from "../plane/validation.js"
import type { Secret } from "./model.js"

/** Throws the `ValidationException` of invalid options: a constructor has no other way to fail. */
type Check = (options: unknown) => void

const check = (fields: Schema.Struct.Fields, row: { readonly name: string }, rule?: Rule): Check => {
  const struct = Schema.Struct(fields)
  // The members of the options are of many types, and only the names of the missing ones count.
  const schema = (rule === undefined ? struct : struct.check(Schema.makeFilter(rule))) as unknown as Schema.Codec<
    unknown
  >
  const refuse = Validation.refuse(() => schema, row)
  return (options) => {
    const refused = refuse(options)
    if (refused !== undefined) throw refused
  }
}

type Rule = (options: { readonly [name: string]: unknown }) => ReturnType<typeof Constraint.required>

const Text = Schema.String

const AnyObject = Constraint.guard("an object", isObject)

const SecretValue = Constraint.guard(
  "Redacted.make(secret), or a reference { secretId, jsonKey } to a secret in Secrets Manager",
  (value): value is Secret =>
    Redacted.isRedacted(value) || isObject(value) && isString(value["secretId"]) && isString(value["jsonKey"])
)

const provider = { name: Text, tags: Constraint.optional(AnyObject) }

const offline = { offlineAccess: Constraint.optional(Schema.Boolean) }

const endpoints = { issuer: Text, authorizationEndpoint: Text, tokenEndpoint: Text }

export const vendor = (name: Oauth2Vendor, hasOfflineAccess: boolean): Check =>
  check({
    ...provider,
    clientId: Text,
    clientSecret: SecretValue,
    ...hasOfflineAccess ? offline : {},
    ...vendors[name].needsEndpoints ? endpoints : {},
    ...name === "MicrosoftOauth2" ? { tenantId: Constraint.optional(Text) } : {}
  }, operations.createOauth2CredentialProvider)

const hasValue = (value: unknown): boolean => value !== undefined && value !== false

export const custom: Check = check(
  {
    ...provider,
    ...offline,
    discovery: Constraint.optional(Text),
    metadata: Constraint.optional(AnyObject),
    clientId: Constraint.optional(Text),
    clientSecret: Constraint.optional(SecretValue),
    clientAuthenticationMethod: Constraint.optional(Constraint.oneOf("CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST")),
    privateKeyJwt: Constraint.optional(AnyObject),
    awsIamIdTokenJwt: Constraint.optional(Schema.Boolean),
    onBehalfOf: Constraint.optional(AnyObject),
    privateEndpoint: Constraint.optional(AnyObject),
    privateEndpointOverrides: Constraint.optional(Schema.Array(AnyObject))
  },
  operations.createOauth2CredentialProvider,
  (options) => [
    ...options["metadata"] === undefined ? Constraint.required(options, ["discovery"]) : [],
    ...hasValue(options["privateKeyJwt"])
      ? Constraint.required(options, ["clientId"])
      : hasValue(options["awsIamIdTokenJwt"])
      ? []
      : Constraint.required(options, ["clientId", "clientSecret"])
  ]
)

export const apiKey: Check = check({ ...provider, apiKey: SecretValue }, operations.createApiKeyCredentialProvider)

export const coinbase: Check = check({
  ...provider,
  apiKeyId: Text,
  apiKeySecret: SecretValue,
  walletSecret: Constraint.optional(SecretValue)
}, operations.createPaymentCredentialProvider)

export const stripePrivy: Check = check({
  ...provider,
  appId: Text,
  appSecret: SecretValue,
  authorizationId: Text,
  authorizationPrivateKey: Constraint.optional(SecretValue)
}, operations.createPaymentCredentialProvider)
