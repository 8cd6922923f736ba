// The credential of the agent. The web application asks users for the same one, so both import it.
import * as AccessToken from "effect-agentcore-identity/AccessToken"

/** The origin of the web application, whose pages of `Connect` are another process: `pages.mjs`. */
export const application = process.env["APPLICATION"] ?? "http://127.0.0.1:8765"

export class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "USER_FEDERATION",
  scopes: ["reports:read", "offline_access"],
  returnUrl: `${application}/connect/return`
}) {}
