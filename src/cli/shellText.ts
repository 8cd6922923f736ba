/** Environment variables as the text of a shell, or of a file in the form of dotenv. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Quote from "../local/internal/quote.js"

export type Environment = Readonly<Record<string, string>>

export const forms = ["bash", "fish", "dotenv"] as const

/** `bash` is also for zsh, and for every other shell of POSIX. */
export type Form = typeof forms[number]

export class CannotWriteVariable extends Data.TaggedError("CannotWriteVariable")<{ readonly name: string }> {
  override get message() {
    return `A file in the form of dotenv cannot hold the value of ${this.name}: it has quotes of every kind. Use another value.`
  }
}

export const exportLines = (environment: Environment): string =>
  Object.entries(environment).map(([name, value]) => `export ${name}=${Quote.forBash(value)}\n`).join("")

const dotenvLines = (environment: Environment): Result.Result<string, CannotWriteVariable> =>
  Result.map(
    Result.all(
      Object.entries(environment).map(([name, value]) => {
        const quoted = Quote.forDotenv(value)
        return quoted === undefined
          ? Result.fail(new CannotWriteVariable({ name }))
          : Result.succeed(`${name}=${quoted}\n`)
      })
    ),
    (lines) => lines.join("")
  )

/** One line for each variable. */
export const format = (form: Form, environment: Environment): Result.Result<string, CannotWriteVariable> =>
  form === "dotenv"
    ? dotenvLines(environment)
    : Result.succeed(
      form === "bash"
        ? exportLines(environment)
        : Object.entries(environment).map(([name, value]) => `set -gx ${name} ${Quote.forFish(value)}\n`).join("")
    )

/** Lines that remove the variables from a shell. */
export const formatUnset = (shell: Exclude<Form, "dotenv">, names: ReadonlyArray<string>): string =>
  names.map((name) => `${shell === "bash" ? "unset" : "set -ge"} ${name}\n`).join("")
