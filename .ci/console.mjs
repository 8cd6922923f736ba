// Bundles the console: one script and one style for browsers, which the local server serves. They load nothing else.
import * as esbuild from "esbuild"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Writes `main.js` and `main.css` to the folder. Returns the files that went into them. */
export const buildConsole = async (folder) => {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["src/local/server/console/main.tsx", "src/local/server/console/main.css"],
    outdir: folder,
    bundle: true,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    tsconfig: "tsconfig.json",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true
  })
  return Object.keys(metafile.inputs)
}
