/** Arbitrary declarations of access tokens, and responses to their requests. */
import { Flow } from "effect-agentcore-identity/ConsentSession"
import type { AccessTokenDeclaration } from "effect-agentcore-identity/Identity"
import * as FastCheck from "fast-check"

const strings = (...values: ReadonlyArray<string>) =>
  FastCheck.array(FastCheck.constantFrom(...values), { maxLength: 3 })

export const declarations: FastCheck.Arbitrary<AccessTokenDeclaration> = FastCheck.record({
  provider: FastCheck.constantFrom("github", "google-2", "_"),
  flow: FastCheck.constantFrom(...Flow.literals),
  scopes: strings("read", "write", "openid"),
  resources: strings("https://a.example.com", "https://b.example.com"),
  audiences: strings("calendar", "mail"),
  returnUrl: FastCheck.constantFrom("https://agent.example.com/consent", "app://consent"),
  customParameters: FastCheck.dictionary(
    FastCheck.constantFrom("access_type", "prompt"),
    FastCheck.constantFrom("offline", "consent")
  )
}, { requiredKeys: ["provider", "flow"] })

/** The responses to the first calls. All other calls issue a token. */
export const steps: FastCheck.Arbitrary<ReadonlyArray<"issued" | "consent" | "inProgress" | "failed">> = FastCheck
  .array(
    FastCheck.constantFrom("issued", "consent", "inProgress", "failed"),
    { maxLength: 4 }
  )
