/** Times are in milliseconds, but for those of the result: seconds. Parts are in percent. */
export const simulate: (options: {
  readonly budget: {
    readonly limit: number
    readonly burst: number
    readonly makeRate: (limit: number) => {
      readonly at: (now: number) => number
      readonly halve: (now: number) => void
    }
  }
  readonly processes: number
  readonly users: number
  readonly interval: number
  readonly latency: number
  readonly quota: number
  readonly ordinary: number
  readonly consentsPerMinute: number
  readonly hasSignals: boolean
  readonly begin?: number
  readonly end: number
}) => {
  readonly polls: number
  readonly ordinary: number
  readonly throttled: number
  readonly found: number
  readonly median: number
  readonly p99: number
}
