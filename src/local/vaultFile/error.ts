/** The error of a vault that does not open. */
import * as Schema from "effect/Schema"
import { getSystemErrorName } from "node:util"

export class VaultFileError extends Schema.TaggedError<VaultFileError>()("VaultFileError", {
  reason: Schema.Literals([
    "MissingPackage",
    "Unusable",
    "InUse",
    "InvalidKey",
    "WrongKey",
    "UnknownFormat",
    "Damaged"
  ]),
  path: Schema.String,
  message: Schema.String
}) {}

/** `path` is the path of the vault, also for an error of its key file. */
export const vaultFileError = (path: string, reason: VaultFileError["reason"], detail: string): VaultFileError =>
  new VaultFileError({ reason, path, message: `The vault ${path} cannot be used: ${detail}` })

/** The name of an error of the operating system, from its number as LMDB has it. Undefined for any other value. */
export const systemError = (number: unknown): string | undefined => {
  if (typeof number !== "number" || !Number.isInteger(number) || number <= 0 || number >= 1000) return undefined
  const name = getSystemErrorName(-number)
  return /^E[A-Z0-9]+$/.test(name) ? name : `error ${number} of the operating system`
}

/** Whether an error says that a file cannot grow. */
export const isFull = (code: string): boolean => code === "ENOSPC" || code === "EFBIG"
