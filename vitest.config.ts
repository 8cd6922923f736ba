import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { skippedReporter } from "./.ci/skipped.mjs"

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** These see state of their process or of a module that other files change: metrics are one registry, `promise/` has one runtime. */
const alone = [
  "test/IdentityMetrics*.test.ts",
  "test/examples/open-telemetry.test.ts",
  "test/examples/{ai-sdk,express,hono,langgraph,strands}/*.test.ts",
  "test/promise/**/*.test.ts"
]

/** TypeScript, the bench, bundles and Chromium: slow, and alike on each version of Node. The gate runs them once. */
const slow = process.env["AGENTCORE_SECOND_NODE"] === undefined
  ? []
  : ["test/editor.test.ts", "test/bench.test.ts", "test/browser/**/*.test.ts", "test/package/**/*.test.ts"]

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-agentcore-identity$/, replacement: path("./src/index.ts") },
      { find: /^effect-agentcore-identity\/(.*)$/, replacement: `${path("./src/")}$1.ts` }
    ]
  },
  test: {
    projects: [
      {
        extends: true,
        // The files share a process on each core: loading Effect and the sources takes longer than most files.
        test: {
          name: "shared",
          pool: "forks",
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [...alone, ...slow, "test/examples/next/**"]
        }
      },
      {
        extends: true,
        test: { name: "alone", pool: "threads", include: alone }
      },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/**/*.test-d.ts"],
            tsconfig: "./tsconfig.json",
            // It takes a third of the time of TypeScript 5, which `npm run check` runs too.
            checker: path("./node_modules/typescript-7/bin/tsc")
          }
        }
      }
    ],
    env: {
      // The SDK's tests do not look for credentials and regions on the network, and do not announce what its next releases need.
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true"
    },
    reporters: ["default", skippedReporter()],
    maxWorkers: availableParallelism(),
    silent: "passed-only",
    sequence: { concurrent: false },
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
