// The agent in the sandbox. It has the secret of its session, and no credential.
import { readFileSync } from "node:fs"

const { CALENDAR = "http://proxy:8080/www.googleapis.com", SESSION_FILE = "/session/token" } = process.env

const authorization = `Bearer ${readFileSync(SESSION_FILE, "utf8")}`
const response = await fetch(`${CALENDAR}/calendar/v3/calendars/primary/events`, { headers: { authorization } })
// Without the user's consent, the JSON has the link where they connect their calendar.
console.log(response.status, await response.text())
