// The licenses of what a user of the package installs or gets: its dependencies with theirs, the required peers, and
// the packages inside the bundles.
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** Licenses that allow a use in any program, with a notice at most. */
const permissive = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT"])

/** The folder of a package that a module in the folder `from` finds. A folder ends with a slash. */
const resolve = (packages, name, from) => {
  const found = `${from}node_modules/${name}`
  if (found in packages || from === "") return found
  return resolve(packages, name, from.replace(/node_modules\/(?!.*node_modules\/).*$/, ""))
}

/** Each package with its license, from the lock file. Optional peers are the choice of the user. */
const installed = (root, manifest) => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"))
  const found = new Map()
  const visit = (names, from) => {
    for (const folder of names.map((name) => resolve(packages, name, from))) {
      if (found.has(folder)) continue
      const { dependencies, license, optionalDependencies } = packages[folder]
      found.set(folder, license)
      visit(Object.keys({ ...dependencies, ...optionalDependencies }), `${folder}/`)
    }
  }
  const optional = manifest.peerDependenciesMeta ?? {}
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter((name) => !(name in optional))
  visit([...Object.keys(manifest.dependencies), ...peers], "")
  return [...found].map(([folder, license]) => [folder.replace(/^.*node_modules\//, ""), license])
}

/** Each package of a `LICENSES.txt`, with its license. */
const bundled = (notices) =>
  [...notices.matchAll(/^(\S+) (\d\S*) \(([^)]*)\)$/gm)].map(([, name, version, license]) => [name, license, version])

/** Returns the number of packages, and a line for each whose license is not permissive. `notices` are texts. */
export const checkLicenses = (root, manifest, notices) => {
  const all = [...installed(root, manifest), ...notices.flatMap(bundled)]
  const problems = all.filter(([, license]) => !permissive.has(license)).map(([name, license]) => `${name}: ${license}`)
  return { count: new Map(all).size, problems }
}

/** Returns a line for each problem of a software bill of materials. */
export const checkSbom = (bom, manifest, notices) => {
  const refs = [bom.metadata.component, ...bom.components].map((component) => component["bom-ref"])
  const [self, ...known] = bom.dependencies
  const inside = bom.components.filter(({ properties }) => properties.length > 0).map(({ name }) => name)
  const expected = notices.flatMap(bundled).map(([name, , version]) => `${name}@${version}`)
  return [
    ...["serialNumber", "timestamp", "tools"].filter((name) => name in bom || name in bom.metadata),
    ...refs.filter((ref, index) => refs.indexOf(ref) !== index).map((ref) => `${ref} is there twice`),
    ...known.flatMap(({ dependsOn, ref }) => [ref, ...dependsOn]).filter((ref) => !refs.includes(ref)),
    ...expected.filter((ref) => !self.dependsOn.includes(ref)).map((ref) => `it lacks ${ref}, which is in a bundle`),
    ...inside.filter((name) => !expected.some((ref) => ref.startsWith(`${name}@`))).map((name) =>
      `no bundle has ${name}`
    ),
    ...Object.keys(manifest.dependencies).filter((name) => !self.dependsOn.some((ref) => ref.startsWith(`${name}@`)))
      .map((name) => `it lacks the dependency ${name}`),
    ...bom.components.filter(({ hashes, licenses, purl }) => !hashes || !licenses || !purl)
      .map(({ name }) => `${name} has no hash, license or purl`)
  ]
}
