import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { buildModules } from "./build.mjs"

/** Writes a plain ES module of a program next to the modules of the package, and returns its path. */
export const programModule = (body: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const modules = await buildModules()
      const folder = mkdtempSync(`${modules}-program-`)
      const file = join(folder, "credentials.mjs")
      const names = ["AccessToken", "ApiKey", "IamAccessToken"]
      const imports = names.map((name) =>
        `import * as ${name} from ${JSON.stringify(pathToFileURL(`${modules}/${name}.js`).href)}`
      )
      writeFileSync(file, `${imports.join("\n")}\n${body}`)
      return { file, folder }
    }),
    ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ).pipe(Effect.map(({ file }) => file))
