/** What the processes of the fleet have in common. A process gets its settings from its environment, as JSON. */
import * as AccessToken from "effect-agentcore-identity/AccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { report } from "../../support/report.mjs"

/**
 * Chats wait in the process of an agent, and share Redis with their pages. Mails wait in workflows, over PostgreSQL.
 */
export type Kind = "chat" | "mail"

export interface Settings {
  /** The pages of this kind, as browsers see them. */
  readonly origin: string
  readonly kind: Kind
  readonly port: number
  /** 32 bytes in base64. */
  readonly key: string
  /** Ports of this machine. Each process has its own line to a store. */
  readonly redis: number
  readonly postgres: number
  /** How much the clock of the process is ahead. Milliseconds. */
  readonly ahead: number
}

export const readSettings = (): Settings => JSON.parse(process.env["FLEET"] ?? "")

export const workloadOf = (kind: Kind) => `${kind}-agent`

export const scopes = ["openid", "calendar:read", "offline_access"]

/** The credential of a kind. Two kinds have two return URLs, and so two grants. */
export const credentialOf = ({ origin }: Pick<Settings, "origin">) =>
  AccessToken.Tag<"Calendar">()("fleet/Calendar", {
    provider: "calendar",
    flow: "USER_FEDERATION",
    scopes,
    returnUrl: `${origin}/connect/return`
  })

export const keyOf = ({ key }: Settings) => Redacted.make(key)

export const redisOf = ({ redis }: Settings) => Redacted.make(`redis://127.0.0.1:${redis}`)

export const postgresOf = ({ postgres }: Settings) => ({
  host: "127.0.0.1",
  port: postgres,
  username: "postgres",
  database: "postgres",
  maxConnections: 4,
  connectTimeout: "2 seconds"
} as const)

/** The clock of a process that is ahead of the others. Its timers are right. */
export const layerClock = ({ ahead }: Settings) =>
  Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (clock) => {
      const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + ahead
      const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + BigInt(ahead) * 1_000_000n
      return {
        currentTimeMillisUnsafe,
        currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
        currentTimeNanosUnsafe,
        currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration: Parameters<Clock.Clock["sleep"]>[0]) => clock.sleep(duration)
      }
    })
  )

/** Reports the heap and the CPU time of this process every five seconds. */
export const reportUse = (): void => {
  setInterval(() => {
    const { system, user } = process.cpuUsage()
    report({ heap: process.memoryUsage().heapUsed, cpu: (system + user) / 1000 })
  }, 5000).unref()
}
