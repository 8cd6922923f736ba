/** `TestUser` as functions that return promises. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Service as AuthorizationServer } from "../../local/AuthorizationServer.js"
import type * as Users from "../../local/TestUser.js"
import type { Run } from "./run.js"

export interface Page {
  readonly status: number
  readonly url: string
  /** The visible text. */
  readonly text: string
}

export type Act<A = Page> = (link: Users.Link | URL) => Promise<A>

export interface TestUser {
  /** The user name at the authorization server. */
  readonly name: string
  /** Opens a page, such as the sign-in of the application. Sends no form. */
  readonly opens: Act
  /** Opens the link, signs in, and allows. */
  readonly approves: Act
  /** Opens the link, signs in, and refuses. */
  readonly denies: Act
  /** Gives the link to another user, who approves in their own browser. */
  readonly forwardsLinkTo: (other: TestUser) => Act
  /** Approves, and presses the button twice. The result has the pages of both clicks. */
  readonly clicksTwice: Act<ReadonlyArray<Page>>
  /** Approves, and returns to the application only when the promise of the function has ended. */
  readonly returnsAfter: (meanwhile: () => Promise<unknown>) => Act
  /** Withdraws their consent at the authorization server. Returns the number of refresh tokens that are revoked. */
  readonly revokes: () => Promise<number>
}

const toPage = ({ status, text, url }: Users.Page): Page => ({ status, text, url: Redacted.value(url) })

export const make = (
  user: Users.TestUser,
  { authorizationServer, run }: { readonly authorizationServer: AuthorizationServer; readonly run: Run }
): TestUser => {
  const act = (effect: Users.Act<Users.Page, unknown>): Act => (link) =>
    run(Effect.map(effect(link instanceof URL ? link.href : link), toPage))
  return {
    name: user.name,
    opens: act(user.opens),
    approves: act(user.approves),
    denies: act(user.denies),
    forwardsLinkTo: (other) => other.approves,
    clicksTwice: (link) =>
      run(Effect.map(user.clicksTwice(link instanceof URL ? link.href : link), (pages) => pages.map(toPage))),
    returnsAfter: (meanwhile) =>
      act(user.returnsAfter(Effect.tryPromise({ try: () => meanwhile(), catch: (error) => error }))),
    revokes: () => run(user.revokes(authorizationServer))
  }
}
