/** The console, in a browser. `.ci/console.mjs` bundles it. */
import { render } from "preact"
import { App } from "./app.js"
import { sections, start } from "./store.js"

document.body.replaceChildren()

let shown = ""

start((state) => {
  render(<App {...state} />, document.body)
  if (state.section === shown) return
  shown = state.section
  document.title = `${sections[state.section]} · Console of the local AgentCore Identity`
  scrollTo(0, 0)
  // The list of sections is wider than a phone.
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" })
})
