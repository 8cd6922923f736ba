import { AuthorizationFailed, RequiresUserConsent } from "effect-agentcore-identity/IdentityError"
import { readEvents } from "../../lib/calendar"
import { connect } from "../../lib/connect"
import { currentUser, origin } from "../../lib/session"

const agenda = connect.withAccessToken("calendar")(readEvents)

export const GET = async (): Promise<Response> => {
  const user = await currentUser()
  if (user === undefined) return Response.json({ signIn: `${origin}/sign-in` }, { status: 401 })
  try {
    return Response.json(await connect.runAs(user, () => agenda("today")))
  } catch (error) {
    if (!(error instanceof RequiresUserConsent || error instanceof AuthorizationFailed)) throw error
    // `AuthorizationFailed`: the user has denied. One call reports it, and the next one needs a consent again.
    // The link never expires. After consent the browser comes back here.
    const link = await connect.link("calendar", { continue: "/agenda" })
    return Response.json({ message: error.message, connect: link }, { status: 403 })
  }
}
