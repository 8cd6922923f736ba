/**
 * Requests and answers of the operations on tags. Limits: the AWS service model; ARNs are not checked by pattern,
 * since model and documentation disagree.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Constraint from "./internal/constraint.js"
import { Arn, TagKey, Tags } from "./internal/names.js"

/**
 * Up to 50 tags, keys of 1 to 128 characters, values of up to 256.
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import type * as ResourceTags from "effect-agentcore-identity/models/ResourceTags"
 *
 * const request: ResourceTags.TagResourceRequest = {
 *   resourceArn: "arn:aws:bedrock-agentcore:us-west-2:123456789012:workload-identity-directory/default/workload-identity/my-agent",
 *   tags: { team: "agents" }
 * }
 */
export const TagResourceRequest = Schema.Struct({ resourceArn: Arn, tags: Tags })

/**
 * @since 0.1.0
 * @category requests
 */
export type TagResourceRequest = typeof TagResourceRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const UntagResourceRequest = Schema.Struct({ resourceArn: Arn, tagKeys: Constraint.items(TagKey, 0, 50) })

/**
 * @since 0.1.0
 * @category requests
 */
export type UntagResourceRequest = typeof UntagResourceRequest.Type

/**
 * @since 0.1.0
 * @category requests
 */
export const ListTagsForResourceRequest = Schema.Struct({ resourceArn: Arn })

/**
 * @since 0.1.0
 * @category requests
 */
export type ListTagsForResourceRequest = typeof ListTagsForResourceRequest.Type

/**
 * @since 0.1.0
 * @category answers
 */
export const ListTagsForResourceResponse = Schema.Struct({
  tags: Constraint.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
})

/**
 * @since 0.1.0
 * @category answers
 */
export type ListTagsForResourceResponse = typeof ListTagsForResourceResponse.Type
