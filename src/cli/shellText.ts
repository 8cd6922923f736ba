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

/** The AWS SDK for JavaScript prefers a profile to an access key. boto3 fails if the profile does not exist. */
const profiles = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]

/** If a proxy is set, the variables that keep it from between a program and the servers of this machine. */
export const noProxy = (own: NodeJS.ProcessEnv): Environment => {
  const hasProxy = Object.entries(own).some(([name, value]) => /^(https?|all)_proxy$/i.test(name) && value !== "")
  const given = own["no_proxy"] ?? own["NO_PROXY"] ?? ""
  const hosts = [...new Set([...given.split(",").filter(Boolean), "127.0.0.1", "localhost"])].join(",")
  return hasProxy && given !== "*" ? { NO_PROXY: hosts, no_proxy: hosts } : {}
}

/** The variables of a program that uses the server. */
export const forProgram = (environment: Environment): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries({ ...process.env, ...environment, ...noProxy(process.env) })
      .filter(([name]) => !profiles.includes(name))
  )

/** Lines for the shell that started this process. */
export const exportLines = (environment: Environment, shell: Exclude<Form, "dotenv"> = "bash"): string => {
  const lines = Object.entries({ ...environment, ...noProxy(process.env) }).map(([name, value]) =>
    shell === "bash" ? `export ${name}=${Quote.forBash(value)}\n` : `set -gx ${name} ${Quote.forFish(value)}\n`
  )
  return lines.join("") + formatUnset(shell, profiles.filter((name) => process.env[name] !== undefined))
}

const dotenvLine = ([name, value]: readonly [string, string]): Result.Result<string, CannotWriteVariable> => {
  const quoted = Quote.forDotenv(value)
  return quoted === undefined ? Result.fail(new CannotWriteVariable({ name })) : Result.succeed(`${name}=${quoted}\n`)
}

/** One line for each variable. */
export const format = (form: Form, environment: Environment): Result.Result<string, CannotWriteVariable> =>
  form === "dotenv"
    ? Result.map(
      Result.all(Object.entries({ ...environment, ...noProxy(process.env) }).map(dotenvLine)),
      (lines) => lines.join("")
    )
    : Result.succeed(exportLines(environment, form))

/** Lines that remove the variables from a shell. */
export const formatUnset = (shell: Exclude<Form, "dotenv">, names: ReadonlyArray<string>): string =>
  names.map((name) => `${shell === "bash" ? "unset" : "set -ge"} ${name}\n`).join("")
