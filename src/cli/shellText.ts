/** Formats environment variables for shells and dotenv files. */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Quote from "../local/internal/quote.js"

export type Environment = Readonly<Record<string, string>>

export const forms = ["bash", "fish", "dotenv"] as const

/** `bash` works in zsh and every other POSIX shell, too. */
export type Form = typeof forms[number]

export class CannotWriteVariable extends Data.TaggedError("CannotWriteVariable")<{ readonly name: string }> {
  override get message() {
    return `A dotenv file cannot hold the value of ${this.name}: it has quotes of every kind. Use another value.`
  }
}

export const exportLines = (environment: Environment): string =>
  Object.entries(environment).map(([name, value]) => `export ${name}=${Quote.forBash(value)}\n`).join("")

const dotenvLine = ([name, value]: readonly [string, string]): Result.Result<string, CannotWriteVariable> => {
  const quoted = Quote.forDotenv(value)
  return quoted === undefined ? Result.fail(new CannotWriteVariable({ name })) : Result.succeed(`${name}=${quoted}\n`)
}

/** One line for each variable. */
export const format = (form: Form, environment: Environment): Result.Result<string, CannotWriteVariable> => {
  const entries = Object.entries(environment)
  return form === "dotenv"
    ? Result.map(Result.all(entries.map(dotenvLine)), (lines) => lines.join(""))
    : Result.succeed(
      form === "bash"
        ? exportLines(environment)
        : entries.map(([name, value]) => `set -gx ${name} ${Quote.forFish(value)}\n`).join("")
    )
}

/** Lines that remove the variables from a shell. */
export const formatUnset = (shell: Exclude<Form, "dotenv">, names: ReadonlyArray<string>): string =>
  names.map((name) => `${shell === "bash" ? "unset" : "set -ge"} ${name}\n`).join("")
