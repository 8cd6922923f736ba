// Bundles a program with rollup. This is not TypeScript, because two plugins have the types of CommonJS packages, but
// are ES modules.
import commonjs from "@rollup/plugin-commonjs"
import json from "@rollup/plugin-json"
import { nodeResolve } from "@rollup/plugin-node-resolve"
import * as esbuild from "esbuild"
import { join } from "node:path"
import { rollup } from "rollup"

const sources = (name, modules) => ({
  name: "sources",
  resolveId: (id) => id.startsWith(`${name}/`) ? join(modules, `${id.slice(name.length + 1)}.js`) : null,
  transform: async (code, id) => id.endsWith(".ts") ? (await esbuild.transform(code, { loader: "ts" })).code : null
})

/** Bundles `entry` into `directory`. The modules of the package `name` are those of the folder `modules`. */
export const bundle = async ({ directory, entry, modules, name }) => {
  const built = await rollup({
    input: { main: entry },
    plugins: [
      sources(name, modules),
      nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }),
      commonjs(),
      json()
    ],
    // This step would take a third of the time.
    treeshake: false,
    onLog: () => {}
  })
  await built.write({ dir: directory, format: "es", entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" })
  await built.close()
  return join(directory, "main.mjs")
}
