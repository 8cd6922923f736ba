/**
 * The entry point of `agentcore-identity`. It checks the version of Node before it loads the command, which old
 * versions cannot parse. So this file has only syntax that every Node parses, as a script and as a module.
 */

// The build defines the minimum version, from `engines` of the manifest.
declare const wantedMajor: number
declare const wantedMinor: number

const running = process.versions.node
const parts = running.split(".")
const major = Number(parts[0])
const minor = Number(parts[1])
const patch = Number(parts[2])

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  // On other old versions Effect's HTTP server loses its connections.
  const runs = (major === 20 && (minor > 19 || (minor === 19 && patch >= 5))) || (major === 22 && minor >= 16)
  console.error(
    "agentcore-identity " + (runs ? "is not tested on" : "does not run on") + " Node " + running + ": use Node "
      + wantedMajor + "." + wantedMinor + " or later."
  )
  if (!runs) process.exit(1)
}

void import("./main.js")
