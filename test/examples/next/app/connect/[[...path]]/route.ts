import { connect } from "../../../lib/connect"
import { currentUser, redirect, writeSession } from "../../../lib/session"

const handle = async (request: Request): Promise<Response> => {
  if (await currentUser() !== undefined) return connect.fetch(request)
  // A user who opens a mailed link signs in first, and then continues to the link.
  const { pathname, search } = new URL(request.url)
  await writeSession({ to: `${pathname}${search}` })
  return redirect("/sign-in")
}

export const GET = handle
export const POST = handle
