/**
 * Settings that replace the parts of AWS and of the internet that the local backend cannot reach. They are the section
 * `local` of a setup file, and the option `settings` of the backend.
 */
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { type Lifetime, lifetimePattern } from "../dates.js"
import { Policy } from "../iamPolicy.js"
import * as Constraint from "../models/constraint.js"
import { isIssuer, issuerRule } from "../models/urls.js"
import { type Oauth2Vendor, type Oauth2VendorWithEndpoints, vendors } from "../models/vendors.js"

/** The vendors whose endpoints the service knows. Requests for other vendors contain the endpoints. */
export type Vendor = Exclude<Oauth2Vendor, "CustomOauth2" | Oauth2VendorWithEndpoints>

export const isKnownVendor = (vendor: Oauth2Vendor): vendor is Vendor =>
  vendor !== "CustomOauth2" && !vendors[vendor].needsEndpoints

const Vendor = Schema.Literals(Record.keys(vendors).filter(isKnownVendor))

const Url = Constraint.string(1, 2048)

const IssuerUrl = Url.check(Constraint.check(
  (url) => isIssuer(url) ? undefined : issuerRule,
  { toJsonSchema: () => ({ pattern: "^https?://[^\\s?#]+$" }) }
))

// The pattern describes the type.
const LifetimeString = Constraint.matching(lifetimePattern) as Schema.Codec<Lifetime, string>

export const Endpoints = Schema.Struct({ issuer: Url, authorizationEndpoint: Url, tokenEndpoint: Url })

export type Endpoints = typeof Endpoints.Type

/** Settings of the local backend. */
export const LocalSettings = Schema.Struct({
  /**
   * Replaces Secrets Manager for `EXTERNAL` references. The keys are the secret id, and the key in the secret's JSON.
   */
  secrets: Constraint.optional(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.RedactedFromValue(Schema.String)))
  ),
  /**
   * Replaces the authorization servers of vendors whose endpoints a request does not contain. Clients authenticate
   * there with CLIENT_SECRET_BASIC. The peculiarities of a vendor are not imitated.
   */
  vendorEndpoints: Constraint.optional(Schema.Record(Vendor, Schema.optional(Endpoints))),
  /**
   * Replaces the issuers of vendors. A key is the prefix of issuer URLs: `https://login.microsoftonline.com` matches
   * all tenants of Microsoft. A provider whose discovery URL or metadata names such an issuer uses the metadata of the
   * replacement. If `inboundIssuers` lists the vendor's issuer, users' JWTs of the replacement are accepted. No other
   * host is replaced.
   */
  vendorIssuers: Constraint.optional(Constraint.stringMap(IssuerUrl, IssuerUrl)),
  /**
   * Replaces the issuers and endpoints of all other providers, and the keys of the issuers of users' JWTs, except those
   * on a loopback host: nothing needs the internet. `local --offline` sets it. Default: none.
   */
  offlineIssuer: Constraint.optional(IssuerUrl),
  /**
   * PEM files of certificate authorities, in addition to the public ones: for discovery, key sets and token endpoints
   * of authorization servers with a private CA. In a setup file, a path is relative to the file. The whole process
   * trusts these authorities until it exits, as with `NODE_EXTRA_CA_CERTS`. Default: none.
   */
  certificateAuthorities: Constraint.optional(Schema.Array(Constraint.string(1, 4096))),
  /** Replaces KMS, by key ARN: a private key in PEM (PKCS #8, PKCS #1 or SEC 1), or a JWK as JSON. */
  kmsKeys: Constraint.optional(Schema.Record(Schema.String, Schema.RedactedFromValue(Schema.String))),
  /**
   * `authorize` (default) requires `kms:DescribeKey` and `kms:Sign` on the key of a `PRIVATE_KEY_JWT` client of a
   * caller with policies. AWS documents that the execution role, or the caller, must have them.
   */
  kmsSign: Constraint.optional(Schema.Literals(["authorize", "ignore"])),
  /**
   * `authorize` (default) authorizes `GetTokenVault` on `arn:…:/identities/get-token-vault`, in addition to the token
   * vault, which only `*` matches too. One user of the live service saw it, and AWS documents the token vault alone.
   */
  tokenVaultPath: Constraint.optional(Schema.Literals(["authorize", "ignore"])),
  /**
   * Vendors that support token exchange on behalf of users, in addition to `CustomOauth2` and `MicrosoftOauth2`. The
   * AWS documentation names only these two. One AWS sample uses `OktaOauth2`, and another says that it is not
   * supported. Default: none.
   */
  onBehalfOfVendors: Constraint.optional(Schema.Array(Schema.Literal("OktaOauth2"))),
  /**
   * The issuers of users' JWTs. By default, every issuer that can be discovered is accepted. Users of different issuers
   * are different users, so an issuer gives access only to the tokens of its own users.
   */
  inboundIssuers: Constraint.optional(Schema.Array(Schema.String)),
  /**
   * `accept` (default) accepts a provider whose discovery document cannot be read, as AWS does: the log and the
   * requests of the local server have the reason, and requests for tokens fail. `verify` rejects it. Providers of a
   * setup or a seed are always accepted.
   */
  discoveryUrls: Constraint.optional(Schema.Literals(["verify", "accept"])),
  /**
   * `verify` (default) verifies the signature with the issuer's keys. `decode` accepts every JWT that has not expired.
   */
  inboundJwt: Constraint.optional(Schema.Literals(["verify", "decode"])),
  /**
   * The workload identities that are linked to a service, like those that AgentCore Runtime and Gateway create. They
   * get no workload access tokens, and cannot be deleted.
   */
  serviceLinked: Constraint.optional(Schema.Array(Constraint.WorkloadName)),
  /**
   * The ARNs of the IAM roles that a consent portal can assume. A portal with another role is rejected. Default: every
   * role of the account.
   */
  assumableRoles: Constraint.optional(Schema.Array(Schema.String)),
  /**
   * The IAM policies of callers, by access key id. A caller without an entry may do everything. Statements have the
   * form of AWS. What the local server does not evaluate, such as policy variables, is an error. It is a test of
   * policies, and not a security boundary.
   */
  policies: Constraint.optional(
    Schema.Record(Schema.String, Schema.Array(Policy)).check(
      Constraint.check((policies) =>
        "local" in policies ? "not have the key 'local', which may do everything" : undefined
      )
    )
  ),
  /**
   * The parameter of the return URL that has the `customState` of a request. AWS does not document its name. With an
   * empty string, the state is dropped. Default: `state`.
   */
  returnStateParameter: Constraint.optional(Constraint.string(0, 128)),
  /** The lifetime of workload access tokens, such as `90 seconds`. Default: 60 minutes. */
  workloadAccessTokenLifetime: Constraint.optional(LifetimeString)
})

export type LocalSettings = typeof LocalSettings.Type

/** Any JSON value. The schema of Effect has an `$id`, which a JSON Schema can contain only once. */
const Claim = Schema.Unknown.annotate({ jsonSchema: { description: "The value of the claim." } })

/**
 * The section `local` of a setup file: the settings of the backend, and the users of the authorization server next to
 * it.
 */
export const LocalSection = Schema.Struct({
  ...LocalSettings.fields,
  /**
   * The claims of users of `local --authorization-server`, by user name. Other user names can sign in too, without
   * claims. Default: none.
   */
  users: Constraint.optional(Schema.Record(Schema.String, Schema.Record(Schema.String, Claim)))
})
