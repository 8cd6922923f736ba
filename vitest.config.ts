import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-agentcore-identity$/, replacement: path("./src/index.ts") },
      { find: /^effect-agentcore-identity\/(.*)$/, replacement: `${path("./src/")}$1.ts` }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: {
      enabled: true,
      include: ["test/**/*.test-d.ts"],
      tsconfig: "./tsconfig.json",
      // Both TypeScripts have a bin of the name `tsc`: which one is linked is up to npm.
      checker: path("./node_modules/typescript/bin/tsc")
    },
    sequence: { concurrent: false },
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
