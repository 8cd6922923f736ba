/**
 * Replacements on this machine for the parts of AWS and of the internet that the local backend cannot reach. They are
 * in the section `local` of a setup file, and the option `settings` of the backend.
 */
import * as Schema from "effect/Schema"
import { isIssuer } from "../internal/issuerUrl.js"
import { type Lifetime, lifetimePattern } from "../internal/lifetime.js"
import * as Constraint from "../models/internal/constraint.js"
import { WorkloadName } from "../models/internal/names.js"
import { type Oauth2Vendor, type Oauth2VendorWithEndpoints, vendors } from "../models/internal/vendors.js"

/** The vendors whose endpoints the service knows. The requests of the others name them. */
export type Vendor = Exclude<Oauth2Vendor, "CustomOauth2" | Oauth2VendorWithEndpoints>

export const isKnownVendor = (vendor: Oauth2Vendor): vendor is Vendor =>
  vendor !== "CustomOauth2" && !vendors[vendor].needsEndpoints

// The names of the table are the vendors, which the type of the keys does not tell.
const replaceable = (Object.keys(vendors) as Array<Oauth2Vendor>).filter(isKnownVendor)

const Vendor = Schema.Literals(replaceable)

const Url = Constraint.text(1, 2048)

const IssuerUrl = Url.check(Schema.makeFilter(
  (url) =>
    isIssuer(url)
      ? undefined
      : `${Constraint.prefix} be an https URL, or an http URL of a loopback host, without user information, query and fragment`,
  { toJsonSchema: () => ({ pattern: "^https?://[^\\s?#]+$" }) }
))

// The pattern describes the type.
const LifetimeText = Constraint.matching(lifetimePattern) as Schema.Codec<Lifetime, string>

export const Endpoints = Schema.Struct({ issuer: Url, authorizationEndpoint: Url, tokenEndpoint: Url })

export type Endpoints = typeof Endpoints.Type

const VendorEndpoints = Schema.Struct(
  // Its keys are all vendors.
  Object.fromEntries(replaceable.map((vendor) => [vendor, Constraint.optional(Endpoints)])) as {
    readonly [V in Vendor]: Schema.optional<typeof Endpoints>
  }
)

/** Settings of the local backend. */
export const LocalSettings = Schema.Struct({
  /** Replaces Secrets Manager for `EXTERNAL` references: by secret id and key of its JSON. */
  secrets: Constraint.optional(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.RedactedFromValue(Schema.String)))
  ),
  /**
   * Replaces the authorization servers of vendors whose endpoints a request does not name. Clients authenticate there
   * with CLIENT_SECRET_BASIC, and quirks of the vendor are not imitated.
   */
  vendorEndpoints: Constraint.optional(VendorEndpoints),
  /**
   * Replaces the issuers of vendors, by the beginning of their URL: `https://login.microsoftonline.com` stands for all
   * tenants of Microsoft. Providers whose discovery URL, or metadata, names such an issuer use the metadata of the
   * other one, and its users' JWTs are accepted where `inboundIssuers` has the vendor's. No other host is replaced.
   */
  vendorIssuers: Constraint.optional(Constraint.textMap(IssuerUrl, IssuerUrl)),
  /** Replaces KMS, by key ARN: a private key in PEM (PKCS #8, PKCS #1 or SEC 1), or a JWK as JSON. */
  kmsKeys: Constraint.optional(Schema.Record(Schema.String, Schema.RedactedFromValue(Schema.String))),
  /**
   * Vendors that act on behalf of users by token exchange, beside `CustomOauth2` and `MicrosoftOauth2`. The AWS
   * documentation names only these two. A sample of AWS names `OktaOauth2`, and another one says that it cannot.
   * Default: none.
   */
  onBehalfOfVendors: Constraint.optional(Schema.Array(Schema.Literal("OktaOauth2"))),
  /**
   * The issuers of users' JWTs. Default: every issuer that can be discovered. Users of different issuers are different
   * users, so an issuer gives access to the tokens of its own users only.
   */
  inboundIssuers: Constraint.optional(Schema.Array(Schema.String)),
  /**
   * `verify` (default) reads the discovery document of a provider that is created or updated, and rejects one that
   * cannot be read; `accept` reads it when a token is requested. Providers of a setup or a seed are always accepted.
   */
  discoveryUrls: Constraint.optional(Schema.Literals(["verify", "accept"])),
  /** `verify` (default) fetches the issuer's keys; `decode` accepts every JWT that has not expired. */
  inboundJwt: Constraint.optional(Schema.Literals(["verify", "decode"])),
  /**
   * The workload identities that are linked to a service, like those that AgentCore Runtime and Gateway make. They get
   * no workload access tokens, and cannot be deleted.
   */
  serviceLinked: Constraint.optional(Schema.Array(WorkloadName)),
  /**
   * The ARNs of the IAM roles that a consent portal can assume. A portal with another role is rejected. Default: every
   * role of the account.
   */
  assumableRoles: Constraint.optional(Schema.Array(Schema.String)),
  /**
   * The form of `portalUrl`, in which `{gateway}`, `{portal}` and `{region}` stand for ids and the region. Default:
   * `https://{gateway}.consent-portal.bedrock-agentcore.{region}.amazonaws.com` (AWS Machine Learning Blog,
   * 2026-09-14). An earlier sample of AWS has a host without a scheme:
   * `{portal}.consent.bedrock-agentcore.{region}.amazonaws.com`.
   */
  consentPortalUrl: Constraint.optional(
    Constraint.text(1, 2048, /^([^\s{}]|\{(gateway|portal|region)\})+$/)
  ),
  /** The lifetime of workload access tokens, such as `90 seconds`. Default: 60 minutes. */
  workloadAccessTokenLifetime: Constraint.optional(LifetimeText)
})

export type LocalSettings = typeof LocalSettings.Type

/** Any JSON. Its own annotation has an `$id`, which a schema can contain only once. */
const Claim = Schema.Unknown.annotate({ jsonSchema: { description: "The value of the claim." } })

/**
 * The section `local` of a setup file: the settings of the backend, and users of the authorization server that runs
 * beside it.
 */
export const LocalSection = Schema.Struct({
  ...LocalSettings.fields,
  /**
   * The claims of users of `local --authorization-server`, by user name. Any other user name signs in, too, without
   * claims. Default: none.
   */
  users: Constraint.optional(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Claim))
  )
})
