/**
 * The AWS clients, which record responses, change requests where a statement wants that, and note what has to be
 * removed.
 */
import { BedrockAgentCore } from "@aws-sdk/client-bedrock-agentcore"
import { BedrockAgentCoreControl } from "@aws-sdk/client-bedrock-agentcore-control"
import { STS } from "@aws-sdk/client-sts"
import { randomBytes } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import type { Clients, Exchange, World } from "./statement.js"

/** Settings of the three clients. Without settings, they are those of the environment. */
export interface ClientOptions {
  readonly endpoint?: string
  readonly region?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

type Change = Parameters<World["changeNextRequest"]>[0]

/** The common type of the middlewares of the three clients. Their union is not callable. */
interface Stack {
  readonly add: (
    middleware: (next: (args: Args) => Promise<Result>) => (args: Args) => Promise<Result>,
    options: {
      readonly name: string
      readonly step: "initialize" | "serialize" | "deserialize"
      readonly priority?: "low"
    }
  ) => void
}

interface Args {
  readonly input: Readonly<Record<string, unknown>>
  readonly request: { readonly hostname: string; body?: unknown }
}

interface Result {
  readonly output: Readonly<Record<string, unknown>>
  readonly response: { readonly statusCode: number; readonly headers: Record<string, string>; body: unknown }
}

const read = async (body: unknown): Promise<Uint8Array> => {
  if (body instanceof Uint8Array) return body
  const chunks: Array<Uint8Array> = []
  // A body is a stream, or missing.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Resources that have to be removed, newest first. */
interface Created {
  readonly remove: () => Promise<unknown>
}

export interface Recording extends Clients {
  /** A world for one statement. */
  readonly world: (prefix: string) => World
  /** Removes everything that was created since the last call. */
  readonly removeCreated: () => Promise<void>
  /** Forgets everything that was created since, so that it stays. */
  readonly keepCreated: () => void
  readonly close: () => void
}

const isNamed = (error: unknown, name: string): boolean => error instanceof Error && error.name === name

/**
 * Removes a resource if it still exists. A consent portal uses its credential provider until the portal is deleted.
 */
const removeSafely = async (remove: () => Promise<unknown>, attempts = 100): Promise<void> => {
  try {
    await remove()
  } catch (error) {
    if (isNamed(error, "ResourceNotFoundException")) return
    if (!isNamed(error, "ConflictException") || attempts === 0) throw error
    await setTimeout(50)
    await removeSafely(remove, attempts - 1)
  }
}

/** The names of a run: 12 hexadecimal digits after the prefix. Some are made longer by the letter `a`. */
const makeName = (prefix: string): string => `${prefix}-${randomBytes(6).toString("hex")}`

const isOwnName = (prefix: string, name: string | undefined): name is string =>
  name?.startsWith(`${prefix}-`) === true && /^[0-9a-f]{12}a*$/.test(name.slice(prefix.length + 1))

/**
 * Removes every resource with a name of this suite and the prefix, also of earlier runs. Keeps resources of others
 * whose names begin with the prefix. Returns the removed names.
 */
export const sweep = async ({ control }: Clients, prefix: string): Promise<ReadonlyArray<string>> => {
  const removed: Array<string> = []
  const lists: ReadonlyArray<readonly [AsyncIterable<object>, string, (name: string) => Promise<unknown>]> = [
    [
      control.paginateListWorkloadIdentities({}),
      "workloadIdentities",
      (name) => control.deleteWorkloadIdentity({ name })
    ],
    [
      control.paginateListOauth2CredentialProviders({}),
      "credentialProviders",
      (name) => control.deleteOauth2CredentialProvider({ name })
    ],
    [
      control.paginateListApiKeyCredentialProviders({}),
      "credentialProviders",
      (name) => control.deleteApiKeyCredentialProvider({ name })
    ],
    [
      control.paginateListPaymentCredentialProviders({}),
      "credentialProviders",
      (name) => control.deletePaymentCredentialProvider({ name })
    ]
  ]
  for (const [pages, member, remove] of lists) {
    const names: Array<string> = []
    for await (const page of pages) {
      // Every page of a list has its items in one member.
      const items = (page as Readonly<Record<string, ReadonlyArray<{ readonly name?: string }> | undefined>>)[member]
        ?? []
      names.push(...items.flatMap(({ name }) => isOwnName(prefix, name) ? [name] : []))
    }
    for (const name of names) {
      await removeSafely(() => remove(name))
      removed.push(name)
    }
  }
  return removed
}

/** The reports of a client about its calls. */
export interface Recorded {
  readonly exchanged: (exchange: Exchange) => void
  /** The change of the next request. It is read once for each request. */
  readonly takeChange: () => Change | undefined
  /** `name` is the operation, `input` its request, and `output` its response. */
  readonly succeeded: (
    operation: string,
    input: Readonly<Record<string, unknown>>,
    output: Readonly<Record<string, unknown>>
  ) => void
}

/** Records the calls of clients. */
export const record = (make: (recorded: Recorded) => Clients & { readonly close: () => void }): Recording => {
  let last: Exchange | undefined
  let change: Change | undefined
  let created: ReadonlyArray<Created> = []

  const { close, control, data, sts } = make({
    exchanged: (exchange) => {
      last = exchange
    },
    takeChange: () => {
      const taken = change
      change = undefined
      return taken
    },
    succeeded: (operation, input, output) => {
      const kind = /^Create(\w+)$/.exec(operation)?.[1] ?? ""
      const remove = removals[kind]
      const id = String(kind === "ConsentPortal" ? output["consentPortalId"] : input["name"])
      if (remove !== undefined) created = [{ remove: () => remove(id) }, ...created]
    }
  })

  const removals: { readonly [kind: string]: (name: string) => Promise<unknown> } = {
    WorkloadIdentity: (name) => control.deleteWorkloadIdentity({ name }),
    Oauth2CredentialProvider: (name) => control.deleteOauth2CredentialProvider({ name }),
    ApiKeyCredentialProvider: (name) => control.deleteApiKeyCredentialProvider({ name }),
    PaymentCredentialProvider: (name) => control.deletePaymentCredentialProvider({ name }),
    ConsentPortal: (consentPortalIdentifier) => control.deleteConsentPortal({ consentPortalIdentifier })
  }

  return {
    control,
    data,
    sts,
    world: (prefix) => ({
      control,
      data,
      sts,
      name: () => makeName(prefix),
      lastExchange: () => {
        if (last === undefined) throw new Error("nothing was sent yet")
        return last
      },
      changeNextRequest: (next) => {
        change = next
      }
    }),
    keepCreated: () => {
      created = []
    },
    removeCreated: async () => {
      change = undefined
      const all = created
      created = []
      // A failed removal does not stop the others.
      const failures: Array<unknown> = []
      for (const { remove } of all) await removeSafely(remove).catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw failures[0]
    },
    close
  }
}

export const makeClients = (options: ClientOptions): Recording =>
  record(({ exchanged, succeeded, takeChange }) => {
    const control = new BedrockAgentCoreControl(options)
    const data = new BedrockAgentCore(options)
    const sts = new STS(options)

    for (const client of [control, data, sts]) {
      // The stacks of the clients differ in the types of inputs and outputs only.
      const stack = client.middlewareStack as unknown as Stack
      stack.add((next) => async (args) => {
        const change = takeChange()
        if (change !== undefined) args.request.body = JSON.stringify(change(JSON.parse(String(args.request.body))))
        return next(args)
      }, { name: "conformanceChange", step: "serialize", priority: "low" })
      stack.add((next) => async (args) => {
        const result = await next(args)
        const bytes = await read(result.response.body)
        result.response.body = bytes
        exchanged({
          host: args.request.hostname,
          status: result.response.statusCode,
          headers: result.response.headers,
          body: Buffer.from(bytes).toString("utf8")
        })
        return result
      }, { name: "conformanceRecord", step: "deserialize", priority: "low" })
    }
    const stack = control.middlewareStack as unknown as Stack
    stack.add(
      ((next: (args: Args) => Promise<Result>, context: { readonly commandName?: string }) => async (args: Args) => {
        const result = await next(args)
        succeeded(context.commandName?.replace(/Command$/, "") ?? "", args.input, result.output)
        return result
      }) as Parameters<Stack["add"]>[0],
      { name: "conformanceCreated", step: "initialize" }
    )
    return {
      control,
      data,
      sts,
      close: () => {
        for (const client of [control, data, sts]) client.destroy()
      }
    }
  })
