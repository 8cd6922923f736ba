/** Whether a process that was written down still runs. */
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { codeOf } from "../../internal/errorCode.js"

/** A process, and when it started. The time is in the units of the operating system, and not known everywhere. */
export interface Process {
  readonly pid: number
  readonly startTime?: string | undefined
}

export const readStartTime = (pid: number): string | undefined => {
  const text = Result.getOrUndefined(Result.try(() => readFileSync(`/proc/${pid}/stat`, "utf8")))
  // The name of the program, in parentheses, may contain spaces.
  const fields = text?.split(") ").at(-1)?.split(" ")
  // A process that was killed is a zombie until its parent asks for its status.
  return fields?.[0] === "Z" ? undefined : fields?.[19]
}

export const isRunning = ({ pid, startTime }: Process): boolean =>
  Result.match(Result.try({ try: () => process.kill(pid, 0), catch: codeOf }), {
    // Any other code means that the process runs, for another user.
    onFailure: (code) => code !== "ESRCH",
    // Another process may have the id now.
    onSuccess: () => startTime === undefined || startTime === readStartTime(pid)
  })
