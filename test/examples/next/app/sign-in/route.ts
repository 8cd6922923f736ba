import { html, origin, readSession, redirect, writeSession } from "../../lib/session"

export const GET = () =>
  html(`<form method="post"><input name="username" autocomplete="username" required><button>Sign in</button></form>`)

// Check a password here, or the response of your identity provider.
export const POST = async (request: Request): Promise<Response> => {
  // Another site must not sign its own user in here: the next consent would be theirs.
  if (request.headers.get("origin") !== origin) return new Response(null, { status: 403 })
  const form = await request.formData()
  const { to = "/" } = await readSession()
  await writeSession({ userId: String(form.get("username")) })
  return redirect(to)
}
