import { html, readSession, redirect, writeSession } from "../../lib/session"

export const GET = () =>
  html(`<form method="post"><input name="username" autocomplete="username" required><button>Sign in</button></form>`)

// Check a password here, or the response of your identity provider.
export const POST = async (request: Request): Promise<Response> => {
  const form = await request.formData()
  const { to = "/" } = await readSession()
  await writeSession({ userId: String(form.get("username")) })
  return redirect(to)
}
