// Removes from `dist` what only those who change the package need: of a private module a user needs the code, and its
// declarations if those of a public module import them. Its sources are not published, so its maps would lead nowhere.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, posix, sep } from "node:path"
import { isPublic } from "../test/package/publicModules.mjs"

/** The declarations that those of public modules import, as modules. */
const findImported = (directory, modules) => {
  const imported = new Set()
  const visit = (module) => {
    if (imported.has(module)) return
    imported.add(module)
    const text = readFileSync(join(directory, `${module}.d.ts`), "utf8")
    for (const [, specifier] of text.matchAll(/(?:from |import\(|import )"(\.[^"]+)\.[jt]s"/g)) {
      visit(posix.join(posix.dirname(module), specifier))
    }
  }
  for (const module of modules.filter(isPublic)) visit(module)
  return imported
}

export const prune = (directory) => {
  const modules = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .flatMap((file) => file.endsWith(".d.ts") ? [file.slice(0, -".d.ts".length).split(sep).join("/")] : [])
  const imported = findImported(directory, modules)
  for (const module of modules.filter((module) => !isPublic(module))) {
    for (const extension of [".js", ".d.ts"]) {
      const file = join(directory, `${module}${extension}`)
      rmSync(`${file}.map`, { force: true })
      writeFileSync(file, readFileSync(file, "utf8").replace(/^\/\/# sourceMappingURL=.*\n?/m, ""))
    }
    if (!imported.has(module)) rmSync(join(directory, `${module}.d.ts`))
  }
}
