/** Whether a recorded process still runs. */
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { codeOf } from "../../internal/messages.js"

/** A process and its start time, in the units of the operating system. The time is only known on Linux. */
export interface Process {
  readonly pid: number
  readonly startTime?: string | undefined
}

export const readStartTime = (pid: number): string | undefined => {
  const text = Result.getOrUndefined(Result.try(() => readFileSync(`/proc/${pid}/stat`, "utf8")))
  // The name of the program, in parentheses, may contain spaces.
  const fields = text?.split(") ").at(-1)?.split(" ")
  // A killed process is a zombie until its parent reads its status.
  return fields?.[0] === "Z" ? undefined : fields?.[19]
}

export const isRunning = ({ pid, startTime }: Process): boolean =>
  Result.match(Result.try({ try: () => process.kill(pid, 0), catch: codeOf }), {
    // Any other code means that the process runs as another user.
    onFailure: (code) => code !== "ESRCH",
    // Another process may have the id now.
    onSuccess: () => startTime === undefined || startTime === readStartTime(pid)
  })
