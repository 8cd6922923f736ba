// Writes what a package contains and installs, in the format CycloneDX: npm's list of the packages of this project,
// without those that are neither a dependency nor in the bundles. It has no serial number, no time and no version of npm,
// so that everyone who builds the package gets the same file.
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { packagesOf } from "./vendor.mjs"

let list

/** npm's own `--omit dev` would also omit a dependency that a package for development shares. */
const listPackages = () => {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), maxBuffer: 64 * 1024 * 1024 }
  return list ??= JSON.parse(execFileSync("npm", args, { ...options, shell: process.platform === "win32" }))
}

/** `inputs` are the files of the bundles, relative to the project. */
export const writeSbom = (file, { dependencies, description, license, name, version }, inputs) => {
  const { $schema, bomFormat, components, dependencies: graph, metadata, specVersion } = listPackages()
  const edges = new Map(graph.map(({ dependsOn, ref }) => [ref, dependsOn]))
  const bundled = new Set(packagesOf(inputs).map((inside) => `${inside.name}@${inside.version}`))
  const direct = edges.get(metadata.component["bom-ref"]).filter((ref) => ref.replace(/@[^@]*$/, "") in dependencies)
  const installed = new Set()
  const visit = (ref) => {
    if (installed.has(ref)) return
    installed.add(ref)
    edges.get(ref).forEach(visit)
  }
  direct.forEach(visit)
  const included = components.filter((component) =>
    installed.has(component["bom-ref"]) || bundled.has(component["bom-ref"])
  )
  const refs = new Set(included.map((component) => component["bom-ref"]))
  const missing = [...installed, ...bundled].filter((ref) => !refs.has(ref))
  if (missing.length > 0) throw new Error(`npm's list has no ${missing.join(", ")}`)
  const self = `${name}@${version}`
  const bom = {
    $schema,
    bomFormat,
    specVersion,
    version: 1,
    metadata: {
      component: {
        "bom-ref": self,
        type: "application",
        name,
        version,
        description,
        purl: `pkg:npm/${self}`,
        licenses: [{ license: { id: license } }]
      }
    },
    components: included.map((component) => ({
      ...component,
      scope: "required",
      properties: bundled.has(component["bom-ref"]) ? [{ name: "cdx:npm:package:bundled", value: "true" }] : []
    })),
    dependencies: [
      { ref: self, dependsOn: [...new Set([...direct, ...bundled])].sort() },
      ...[...refs].map((ref) => ({ ref, dependsOn: edges.get(ref).filter((target) => refs.has(target)) }))
    ]
  }
  writeFileSync(file, `${JSON.stringify(bom)}\n`)
}
