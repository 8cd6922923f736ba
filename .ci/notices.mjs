// The licenses of packages that were bundled into a file.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** `inputs` are paths of files, from the root of the project. */
export const notices = (bundle, root, inputs) => {
  const packages = new Set(inputs.flatMap((input) => {
    const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^./][^/]*)\//.exec(input)
    return inside === null ? [] : [inside[1]]
  }))
  const texts = [...packages].sort().map((directory) => {
    const { license, name, version } = JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8"))
    const file = readdirSync(join(root, directory)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
    const text = file === undefined ? "" : readFileSync(join(root, directory, file), "utf8").trim()
    return `${name} ${version} (${license})\n\n${text}`
  })
  return `Packages bundled into ${bundle}\n\n${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`
}
