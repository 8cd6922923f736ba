/** Which consent sessions wait. The console uses it in a browser, so it imports no code. */

interface Session {
  readonly provider: string
  readonly scopes: ReadonlyArray<string>
  readonly state: string
  readonly user: unknown
  readonly workload: string
}

export const isWaiting = ({ state }: Pick<Session, "state">): boolean =>
  state === "Pending" || state === "Authorizing" || state === "Authorized"

const keyOf = ({ provider, scopes, user, workload }: Session) => JSON.stringify([provider, scopes, user, workload])

/**
 * Keeps one of the sessions that wait for one request: the one whose page was opened, or else the newest. It keeps none
 * if a newer one has ended. An agent that polls opens a session each time.
 */
export const foldWaiting = <S extends Session>(newestFirst: ReadonlyArray<S>): ReadonlyArray<S> => {
  const kept = new Map<string, S>()
  for (const session of newestFirst) {
    const state = kept.get(keyOf(session))?.state
    if (state === undefined || state === "Pending" && session.state !== "Pending" && isWaiting(session)) {
      kept.set(keyOf(session), session)
    }
  }
  return newestFirst.filter((session) => !isWaiting(session) || kept.get(keyOf(session)) === session)
}
