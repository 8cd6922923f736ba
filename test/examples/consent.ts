import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Consent from "effect-agentcore-identity/Consent"
import * as ConsentCallback from "effect-agentcore-identity/http/ConsentCallback"
import * as PendingConsents from "effect-agentcore-identity/PendingConsents"
import * as WorkloadAccessToken from "effect-agentcore-identity/WorkloadAccessToken"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:http"
import { laptop, setUp } from "./laptop.ts"

// One user, named in two places.
const alice = { userId: "alice" }

class Reports extends AccessToken.Tag<Reports>()("app/Reports", {
  provider: "reports",
  flow: "USER_FEDERATION",
  scopes: ["reports:read", "offline_access"],
  returnUrl: "http://127.0.0.1:8765/consent"
}) {}

const agent = Reports.pipe(
  Effect.map((token) => `Alice's token has ${Redacted.value(token).length} characters`),
  // Shows the link, and waits. `Consent.openBrowser` opens the page too.
  AccessToken.withAccessToken(Reports, { consent: Consent.console }),
  // 1. The user for whom the agent acts.
  Effect.provide(WorkloadAccessToken.layerWorkload({ name: "my-agent", user: alice }))
)

// 2. The user who is signed in in this browser. On your own machine, that is you.
const page = HttpRouter.serve(ConsentCallback.layer({ path: "/consent", currentUser: Effect.succeed(alice) }))
  .pipe(
    Layer.provide(ConsentCallback.layerRedaction("/consent")),
    Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 8765 })),
    Layer.provideMerge(PendingConsents.layerMemory)
  )

// The page runs while the agent waits.
const program = Effect.andThen(setUp, agent).pipe(Effect.provide(page), Effect.provide(laptop))

console.log(await Effect.runPromise(program))
