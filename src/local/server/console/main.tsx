/**
 * The console, in a browser. `.ci/console.mjs` bundles it.
 *
 * @since 0.1.0
 */
import { render } from "preact"
import { App } from "./app.js"
import { sections, start } from "./store.js"

document.body.replaceChildren()

start((state) => {
  document.title = `${sections[state.section]} · Console of the local AgentCore Identity`
  render(<App {...state} />, document.body)
})
