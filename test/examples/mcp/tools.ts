import type { RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import { contextFromHeaders, runWithContext } from "effect-agentcore-identity/promise/Identity"
import { connect } from "../hono/app.ts"
import { readEvents } from "../hono/calendar.ts"

const { DEVELOPMENT_USER: userId } = process.env

// AgentCore Runtime authenticates the user of a client, and sends the caller in a header. On your own machine, it is
// you.
const fallback = userId === undefined
  ? undefined
  : { workload: connect.workload({ name: "my-agent", user: { userId } }) }

/** Serves MCP. A tool acts for the caller of its own request, also in a session that several users share. */
export const asCaller = (serve: (request: Request) => Promise<Response>) => (request: Request): Promise<Response> =>
  runWithContext(contextFromHeaders(request, { fallback }), () => serve(request))

/** The link never expires. It is for this credential, and contains no user. */
export const link = (error: RequiresUserConsent): Promise<string> => connect.link(error.session)

const events = connect.withAccessToken("calendar")(readEvents)

/** The callback of the tool. Without the user's consent it rejects with `RequiresUserConsent`. */
export const listEvents = async () => ({
  content: [{ type: "text" as const, text: JSON.stringify(await events("today")) }]
})
