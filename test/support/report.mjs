// The other side of `child.ts`, for programs that it starts.
import { writeSync } from "node:fs"

/** Reports a value to the test. It has left the process when this returns, even if a kill follows. */
export const report = (value) => void writeSync(3, `${JSON.stringify(value)}\n`)
