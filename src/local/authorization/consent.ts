/** Consents: the grant that a consent creates, and the interaction policy that consents or refuses without a page. */
import type { interactionPolicy, KoaContextWithOIDC } from "oidc-provider"
import type Provider from "oidc-provider"
import type { HeadlessConsent } from "./model.js"
import type { Module } from "./package.js"
import * as User from "./user.js"

export const refusal = "The user refused the request"

/**
 * Stores a grant for all that an authorization request asks for, and returns its id. Each consent has its own grant, so
 * that revocation of one leaves the tokens of the other valid.
 */
export const saveGrant = (
  provider: Provider,
  { accountId, clientId, params }: {
    readonly accountId: string | undefined
    readonly clientId: string
    readonly params: Readonly<Record<string, unknown>>
  }
): Promise<string> => {
  const grant = new provider.Grant({ accountId, clientId })
  const scope = typeof params["scope"] === "string" ? params["scope"] : ""
  grant.addOIDCScope(scope)
  for (const resource of [params["resource"]].flat()) grant.addResourceScope(String(resource), scope)
  return grant.save()
}

const allow = async ({ oidc }: KoaContextWithOIDC, user: string): Promise<void> => {
  const { client, params = {}, provider, session } = oidc
  if (client === undefined || session === undefined) throw new TypeError("an authorization request without a client")
  const { clientId } = client
  session.loginAccount({ accountId: user })
  session.ensureClientContainer(clientId)
  const grantId = await saveGrant(provider, { accountId: user, clientId, params })
  session.grantIdFor(clientId, grantId)
  oidc.entity("Account", User.toAccount(user))
  oidc.entity("Grant", await provider.Grant.find(grantId))
}

/** A policy that answers for the user. No authorization request needs an interaction then. */
export const headlessPolicy = (
  { errors, interactionPolicy }: Module,
  { decision, user }: HeadlessConsent
): interactionPolicy.DefaultPolicy => {
  const policy = interactionPolicy.base()
  // The prompts themselves stay: `oidc-provider` refuses a request for a prompt that it does not know.
  for (const { checks } of policy) checks.clear()
  policy[0]?.checks.add(
    new interactionPolicy.Check("headless", "the configured user answers", async (ctx) => {
      if (decision === "deny") throw new errors.AccessDenied(refusal)
      await allow(ctx, user)
      return interactionPolicy.Check.NO_NEED_TO_PROMPT
    })
  )
  return policy
}
