import { html } from "../lib/session"

export const GET = () => html(`<p><a href="/agenda">Your agenda</a> <a href="/connect">Your connections</a>`)
