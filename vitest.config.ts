import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { skippedReporter } from "./.ci/skipped.mjs"
import manifest from "./package.json" with { type: "json" }

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

// The tests use neither the AWS account, the local server nor the proxy of the shell that starts them.
for (const name of Object.keys(process.env)) {
  if (/^(AWS|BEDROCK_AGENTCORE|AGENTCORE_(?!TEST_REPORT$|REQUIRE_TOOLS$)|\w+_PROXY$)/i.test(name)) {
    delete process.env[name]
  }
}

/** `.ci/run` counts the tests of a run. */
const report = process.env["AGENTCORE_TEST_REPORT"]
const json: Array<["json", { readonly outputFile: string }]> = report === undefined
  ? []
  : [["json", { outputFile: report }]]

/** These see state of their process that other files change: the registry of metrics, or a program that reads the environment when it is loaded. */
const alone = [
  "test/Identity.metrics.test.ts",
  "test/examples/{open-telemetry,reports,two-users}.test.ts",
  "test/examples/{ai-sdk,express,hono,langgraph,mcp,strands}/*.test.ts"
]

/**
 * The files that take ten seconds and more in `.ci/run`, the longest first. Without the times of an earlier run Vitest
 * sorts by the size of a file, and would start some of them last.
 */
const long = [
  "bench",
  "http/consentStories",
  "package/bundlers",
  "browser/Console",
  "browser/Connect.pages",
  "http/Connect.accounts",
  "cli/token",
  "conformance/mutations",
  "promise/Connect.stores",
  "cli/doctor",
  "conformance/conformance",
  "mcp/ConsentElicitation",
  "cli/local",
  "contract/contract",
  "http/Connect.interleavings",
  "http/Connect.stories",
  "http/Connect.denial",
  "editor",
  "aws/AwsPlanes",
  "examples/agentcore-runtime/agentcore-runtime",
  "Credentials.leastPrivilege",
  "examples/credential-command/credential-command",
  "cli/running",
  "persistence/ConsentStore.sql",
  "http/ForwardAuth.proxies",
  "internal/signature",
  "cli/onBehalfOf",
  "local/vault/vaultFile",
  "examples/ci/ci",
  "http/Connect",
  "aws/AwsPlanes.errors",
  "local/boto3",
  "cli/policy",
  "examples/forward-auth/forward-auth",
  "aws/AwsPlanes.responses",
  "memoizedLayers",
  "cli/help",
  "cli/setupCommand",
  "cli/authorize"
]

const renamed = long.filter((name) => !existsSync(path(`./test/${name}.test.ts`)))
if (renamed.length > 0) throw new Error(`The list of long files names files that do not exist: ${renamed.join(", ")}`)

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return place === -1 ? long.length : place
    }
    return (await super.sort(files)).sort((a, b) => a.project.name.localeCompare(b.project.name) || rank(a) - rank(b))
  }
}

export default defineConfig({
  // As in the bundle of the command.
  define: { packageVersion: JSON.stringify(manifest.version) },
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
        // The files share processes: loading Effect and the sources takes longer than most files.
        test: {
          name: "shared",
          pool: "forks",
          isolate: false,
          // Fewer collections of short-lived objects: 9 % less CPU time.
          execArgv: ["--max-semi-space-size=64"],
          include: ["test/**/*.test.ts"],
          exclude: [...alone, "test/examples/next/**"]
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
            checker: path("./.ci/tsc.mjs")
          }
        }
      }
    ],
    env: {
      // The SDK's tests do not look for credentials and regions on the network, and do not announce what its next releases need.
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true"
    },
    reporters: ["default", ...json, skippedReporter()],
    tags: [{ name: "tools", description: "The test needs a program that not every machine has" }],
    // Two more than cores: tests often wait for processes and timers. Tests of costs measure the time of the processor, so
    // no test needs a free core.
    maxWorkers: availableParallelism() + 2,
    silent: "passed-only",
    sequence: { concurrent: false, sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
