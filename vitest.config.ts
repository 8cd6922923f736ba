import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = fileURLToPath(new URL("./src/", import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-agentcore-identity$/, replacement: `${src}index.ts` },
      { find: /^effect-agentcore-identity\/(.*)$/, replacement: `${src}$1.ts` }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.json" },
    sequence: { concurrent: false },
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
