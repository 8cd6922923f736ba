/**
 * Requests and responses of the operations on tags. Limits: the AWS service model.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import * as Resource from "./internal/resource.js"

// The model has no digits in the kinds of resources, but live ARNs do: `oauth2credentialprovider`.
const ResourceArn = Constraint.string(20, 1011, {
  model: "arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+/[^/]+)(?:/[a-z-]+/[^/]+)*",
  check: /^arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\/[^/]+)(?:\/[a-z0-9-]+\/[^/]+)*$/
})

/**
 * At most 50 tags: keys have 1 to 128 characters, values at most 256.
 *
 * @since 0.2.0
 * @category requests
 * @example
 * import type * as ResourceTags from "effect-agentcore-identity/models/ResourceTags"
 *
 * const request: ResourceTags.TagResourceRequest = {
 *   resourceArn:
 *     "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/my-agent",
 *   tags: { team: "agents" }
 * }
 */
export class TagResourceRequest
  extends Schema.Opaque<TagResourceRequest>()(Schema.Struct({ resourceArn: ResourceArn, tags: Resource.Tags }))
{}

/**
 * @since 0.2.0
 * @category requests
 */
export class UntagResourceRequest extends Schema.Opaque<UntagResourceRequest>()(Schema.Struct({
  resourceArn: ResourceArn,
  tagKeys: Constraint.items(Resource.TagKey, 0, 200)
})) {}

/**
 * @since 0.2.0
 * @category requests
 */
export class ListTagsForResourceRequest
  extends Schema.Opaque<ListTagsForResourceRequest>()(Schema.Struct({ resourceArn: ResourceArn }))
{}

/**
 * @since 0.2.0
 * @category responses
 */
export class ListTagsForResourceResponse extends Schema.Opaque<ListTagsForResourceResponse>()(Schema.Struct({
  tags: Constraint.optional(Resource.AnyTags)
})) {}
