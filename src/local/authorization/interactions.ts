/**
 * The interactions of a user with the development authorization server: its login and consent forms, and the policy
 * that allows or denies without forms.
 *
 * Other sites cannot post these forms, because a signed, HTTP-only cookie identifies the interaction. Its path contains
 * the random id of the interaction. With `SameSite=Lax`, browsers do not send it with forms of other sites.
 */
import type { Context, Middleware } from "koa"
import type { interactionPolicy, KoaContextWithOIDC } from "oidc-provider"
import type Provider from "oidc-provider"
import { BodyTooLarge, maxDropped, readNode } from "../../internal/boundedBody.js"
import type { Page } from "../../internal/html.js"
import * as Accounts from "./accounts.js"
import type { HeadlessConsent } from "./registrations.js"
import type { Module } from "./serverSettings.js"
import * as Pages from "./signInPages.js"

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>

const maxFormBytes = 16_384

export const send = (ctx: Pick<Context, "set" | "body" | "status">, page: Page, status?: number): void => {
  if (status !== undefined) ctx.status = status
  ctx.set(page.headers)
  ctx.body = page.body
}

const readForm = async (ctx: Context): Promise<URLSearchParams | undefined> => {
  try {
    return new URLSearchParams(new TextDecoder().decode(await readNode(ctx.req, maxFormBytes, maxDropped)))
  } catch (error) {
    if (error instanceof BodyTooLarge) return undefined
    throw error
  }
}

const parameter = ({ params }: Interaction, name: string): string => {
  const value = params[name]
  return typeof value === "string" ? value : ""
}

/** An account is selected with the form of the sign-in. */
const formOf = ({ prompt: { name } }: Interaction) => name === "select_account" ? "login" : name

const renderPrompt = async (
  provider: Provider,
  interaction: Interaction,
  retry?: { readonly userName: string; readonly problem: string }
): Promise<Page> => {
  const action = `/interaction/${interaction.uid}`
  const clientId = parameter(interaction, "client_id")
  const client = (await provider.Client.find(clientId))?.clientName ?? clientId
  if (formOf(interaction) === "login") {
    // Users who select an account may keep theirs.
    return Pages.login({ action, client, userName: interaction.session?.accountId, ...retry })
  }
  const { host, pathname, protocol } = new URL(parameter(interaction, "redirect_uri"))
  return Pages.consent({
    action,
    client,
    userName: interaction.session?.accountId ?? "",
    scopes: parameter(interaction, "scope").split(" ").filter((scope) => scope !== ""),
    // Without path and query, which would not help the user to decide. AgentCore sends the browser on.
    returnTo: pathname.startsWith("/identities/oauth2/callback/")
      ? `the application, by way of AgentCore Identity at ${host}`
      : host || protocol
  })
}

/** Ends the session before another user signs in. Otherwise `oidc-provider` shows a page that needs a script. */
const endSession = async (provider: Provider, interaction: Interaction): Promise<void> => {
  if (interaction.session === undefined) return
  const session = await provider.Session.findByUid(interaction.session.uid)
  await session?.destroy()
  interaction.session = undefined
  await interaction.persist()
}

const finish = async (
  provider: Provider,
  ctx: Context,
  result: Parameters<Provider["interactionResult"]>[2],
  mergeWithLastSubmission = false
): Promise<void> => {
  const url = await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission })
  send(ctx, Pages.proceed(url))
}

const denial = "The user denied the request"

/**
 * Stores a grant for everything that an authorization request contains, and returns its id. Each consent has its own
 * grant, so that a revocation affects only the tokens of one consent.
 */
const saveGrant = (
  provider: Provider,
  accountId: string | undefined,
  clientId: string,
  params: Readonly<Record<string, unknown>>
): Promise<string> => {
  const grant = new provider.Grant({ accountId, clientId })
  const scope = typeof params["scope"] === "string" ? params["scope"] : ""
  grant.addOIDCScope(scope)
  for (const resource of [params["resource"]].flat()) grant.addResourceScope(String(resource), scope)
  return grant.save()
}

const signIn = async (provider: Provider, ctx: Context, interaction: Interaction, form: URLSearchParams) => {
  const userName = (form.get("login") ?? "").trim()
  if (!Accounts.isUserName(userName)) {
    const problem = `Enter a user name of 1 to ${Accounts.maxUserNameLength} characters.`
    send(ctx, await renderPrompt(provider, interaction, { userName, problem }), 400)
    return
  }
  if (interaction.session?.accountId !== userName) await endSession(provider, interaction)
  await finish(provider, ctx, { login: { accountId: userName }, select_account: {} })
}

const switchUser = async (provider: Provider, ctx: Context, interaction: Interaction) => {
  await endSession(provider, interaction)
  const request = new URL(provider.urlFor("authorization"))
  for (const [name, value] of Object.entries(interaction.params)) {
    for (const item of [value].flat()) if (typeof item === "string") request.searchParams.append(name, item)
  }
  await interaction.destroy()
  send(ctx, Pages.proceed(request.href))
}

const submit = async (provider: Provider, ctx: Context, interaction: Interaction): Promise<void> => {
  if (ctx.method !== "POST") return send(ctx, Pages.wrongForm, 405)
  const form = await readForm(ctx)
  if (form === undefined) return send(ctx, Pages.formTooLarge, 413)
  const prompt = formOf(interaction)
  if (form.get("prompt") !== prompt) return send(ctx, Pages.wrongForm, 400)
  if (prompt === "login") return signIn(provider, ctx, interaction, form)
  switch (form.get("decision")) {
    case "allow": {
      const clientId = parameter(interaction, "client_id")
      const grantId = await saveGrant(provider, interaction.session?.accountId, clientId, interaction.params)
      return finish(provider, ctx, { consent: { grantId } }, true)
    }
    case "switch":
      return switchUser(provider, ctx, interaction)
    default:
      return finish(provider, ctx, { error: "access_denied", error_description: denial })
  }
}

export const middleware = (provider: Provider): Middleware => async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next()
  const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
  if (interaction === undefined) {
    send(ctx, Pages.expired, 400)
  } else if (ctx.method === "GET" || ctx.method === "HEAD") {
    send(ctx, await renderPrompt(provider, interaction))
  } else {
    await submit(provider, ctx, interaction)
  }
}

const signInAndAllow = async ({ oidc }: KoaContextWithOIDC, user: string): Promise<void> => {
  const { client, params = {}, provider, session } = oidc
  if (client === undefined || session === undefined) throw new TypeError("an authorization request without a client")
  const { clientId } = client
  session.loginAccount({ accountId: user })
  session.ensureClientContainer(clientId)
  const grantId = await saveGrant(provider, user, clientId, params)
  session.grantIdFor(clientId, grantId)
  oidc.entity("Account", Accounts.toAccount(user))
  oidc.entity("Grant", await provider.Grant.find(grantId))
}

export const policy = ({ interactionPolicy }: Module): interactionPolicy.DefaultPolicy => {
  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0)
  return policy
}

/** Makes a policy that decides for the user, so that no authorization request needs an interaction. */
export const headlessPolicy = (
  module: Module,
  { decision, user }: HeadlessConsent
): interactionPolicy.DefaultPolicy => {
  const { errors, interactionPolicy } = module
  const headless = policy(module)
  // The prompts stay, because `oidc-provider` rejects a request with an unknown prompt.
  for (const { checks } of headless) checks.clear()
  headless[0]?.checks.add(
    new interactionPolicy.Check("headless", "the configured user decides", async (ctx) => {
      if (decision === "deny") throw new errors.AccessDenied(denial)
      await signInAndAllow(ctx, user)
      return interactionPolicy.Check.NO_NEED_TO_PROMPT
    })
  )
  return headless
}
