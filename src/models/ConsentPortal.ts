/**
 * Requests and responses of the operations on consent portals: hosted pages where the users of a gateway give consent
 * ahead of time. Limits: the API reference of AWS.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

const RoleArn = Constraint.matching(String.raw`arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[a-zA-Z0-9+=,.@\-_/]+`)

const ProviderArn = Constraint.matching(
  "arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-iso-e|aws-iso-f|aws-eusc):bedrock-agentcore:[a-z0-9-]{1,32}:[0-9]{12}:token-vault/[a-zA-Z0-9_-]{1,64}/oauth2credentialprovider/[a-zA-Z0-9_-]{1,128}"
)

const GatewayIdentifier = Constraint.matching(
  "(([0-9a-z][-]?){1,100}-[0-9a-z]{10}|arn:aws(-[a-z-]+)?:bedrock-agentcore:[a-z0-9-]{1,20}:[0-9]{12}:gateway/([0-9a-z][-]?){1,48}-[a-z0-9]{10})"
)

// The pattern of the API reference matches only ids. Its description allows ARNs too, which end in the id.
const Identifier = Constraint.matching(
  String.raw`(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:consent-portal/)?[a-zA-Z0-9\-_]{1,50}-[A-Za-z0-9]{10}`
)

const Description = Constraint.optional(Constraint.string(0, 512))

const IdpConfig = Schema.Struct({
  /** The ARN of the OAuth2 credential provider that signs users in. It has to issue JWTs. */
  credentialProviderArn: ProviderArn,
  /** The scopes of the sign-in. OpenID Connect needs `openid`. */
  scopes: Constraint.items(Constraint.string(1, 255, String.raw`[\x21\x23-\x5B\x5D-\x7E]+`), 1),
  /** The audience of token requests, if the identity provider requires one. */
  audience: Constraint.optional(Schema.String)
})

const Source = Schema.Struct({
  /** The id or ARN of the gateway. */
  identifier: GatewayIdentifier,
  /** The kind of the source. AWS has one. */
  type: Schema.Literals(["agentcore-gateway"])
})

const SourceOutput = Schema.Struct({
  identifier: Schema.String,
  type: Constraint.openEnum<"agentcore-gateway">()
})

/**
 * A status that AWS adds later is kept.
 *
 * @since 0.2.0
 * @category models
 * @example
 * import type * as ConsentPortal from "effect-agentcore-identity/models/ConsentPortal"
 *
 * const request: ConsentPortal.CreateConsentPortalRequest = {
 *   name: "my-portal",
 *   executionRoleArn: "arn:aws:iam::123456789012:role/portal",
 *   idpConfig: {
 *     credentialProviderArn:
 *       "arn:aws:bedrock-agentcore:us-west-2:123456789012:token-vault/default/oauth2credentialprovider/idp",
 *     scopes: ["openid"]
 *   },
 *   sources: [{ identifier: "my-gateway-0123456789", type: "agentcore-gateway" }]
 * }
 */
export type ConsentPortalStatus =
  | "CREATING"
  | "ACTIVE"
  | "UPDATING"
  | "UPDATE_FAILED"
  | "DELETING"
  | "FAILED"
  | (string & {})

const createMembers = {
  /** The name of the portal, 1 to 50 letters, digits, hyphens and underscores. */
  name: Constraint.string(1, 50, "[a-zA-Z0-9_-]+"),
  /** The ARN of the IAM role that the portal assumes to read its sources. */
  executionRoleArn: RoleArn,
  /** How users sign in. */
  idpConfig: IdpConfig,
  /** The source of the consents: exactly one gateway. */
  sources: Constraint.items(Source, 1, 1),
  /** A description, up to 512 characters. */
  description: Description,
  /** Tags of the portal. */
  tags: Constraint.optional(Resource.Tags)
}

/** AWS documents it. The AWS SDK for JavaScript would drop it, so the type of the request has none. */
const clientToken = Constraint.optional(Constraint.string(1, 256))

/**
 * A portal has exactly one source.
 *
 * @since 0.2.0
 * @category requests
 */
export class CreateConsentPortalRequest extends Schema.Opaque<CreateConsentPortalRequest>()(
  Schema.Struct({ ...createMembers, clientToken }) as unknown as Schema.Struct<typeof createMembers>
) {}

/**
 * @since 0.2.0
 * @category models
 */
export class ConsentPortalSummary extends Schema.Opaque<ConsentPortalSummary>()(Schema.Struct({
  consentPortalId: Schema.String,
  consentPortalArn: Schema.String,
  name: Schema.String,
  description: Constraint.optional(Schema.String),
  sources: Schema.Array(SourceOutput),
  status: Constraint.openEnum<ConsentPortalStatus>(),
  /** The URL of the portal. AWS returns it once the portal is `ACTIVE`. */
  portalUrl: Schema.optional(Schema.NullOr(Schema.String)),
  createdAt: Resource.timestamp,
  updatedAt: Resource.timestamp
})) {}

/**
 * The response to `CreateConsentPortal`, `GetConsentPortal` and `UpdateConsentPortal`.
 *
 * @since 0.2.0
 * @category responses
 */
export class ConsentPortalResponse extends Schema.Opaque<ConsentPortalResponse>()(Schema.Struct({
  ...ConsentPortalSummary.fields,
  executionRoleArn: Schema.String,
  idpConfig: Schema.Struct({
    credentialProviderArn: Schema.String,
    scopes: Schema.Array(Schema.String),
    audience: Constraint.optional(Schema.String)
  }),
  statusReason: Constraint.optional(Schema.NullOr(Schema.String))
})) {}

/**
 * Takes an id or an ARN.
 *
 * @since 0.2.0
 * @category requests
 */
export class GetConsentPortalRequest
  extends Schema.Opaque<GetConsentPortalRequest>()(Schema.Struct({ consentPortalIdentifier: Identifier }))
{}

/**
 * An absent member is not changed.
 *
 * @since 0.2.0
 * @category requests
 */
export class UpdateConsentPortalRequest extends Schema.Opaque<UpdateConsentPortalRequest>()(Schema.Struct({
  consentPortalIdentifier: Identifier,
  /** The ARN of the IAM role that the portal assumes to read its sources. */
  executionRoleArn: Constraint.optional(RoleArn),
  /** How users sign in. */
  idpConfig: Constraint.optional(IdpConfig),
  /** A description, up to 512 characters. */
  description: Description
})) {}

/**
 * A page has 1 to 100 items.
 *
 * @since 0.2.0
 * @category requests
 */
export class ListConsentPortalsRequest extends Schema.Opaque<ListConsentPortalsRequest>()(Resource.pageRequest(100)) {}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListConsentPortalsResponse extends Schema.Opaque<ListConsentPortalsResponse>()(Schema.Struct({
  consentPortals: Schema.Array(ConsentPortalSummary),
  ...Resource.page
})) {}
