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
    env: {
      // The SDK's tests do not look for credentials and regions on the network, and do not announce what its next releases need.
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true"
    },
    silent: "passed-only",
    sequence: { concurrent: false },
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
