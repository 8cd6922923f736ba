/**
 * The login and consent pages of the development authorization server, and what their forms do.
 *
 * Forms are safe from other sites: an interaction is found by a signed, HTTP-only cookie that is limited to the path of
 * its own unguessable id, and `SameSite=Lax` keeps it from requests that another site posts.
 *
 * @since 0.1.0
 */
import type { Context, Next } from "koa"
import type Provider from "oidc-provider"
import type { Page } from "../../internal/html.js"
import * as Pages from "./pages.js"

interface Settings {
  readonly issuer: string
}

type Interaction = Awaited<ReturnType<Provider["interactionDetails"]>>

const maxFormBytes = 16_384

/** @internal */
export const send = (ctx: Pick<Context, "set" | "body">, page: Page): void => {
  ctx.set(page.headers)
  ctx.body = page.body
}

const readForm = async (ctx: Context): Promise<URLSearchParams | undefined> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of ctx.req) {
    size += chunk.length
    if (size > maxFormBytes) {
      return undefined
    }
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"))
}

const parameter = (interaction: Interaction, name: string): string => {
  const value = interaction.params[name]
  return typeof value === "string" ? value : ""
}

const scopesOf = (interaction: Interaction): ReadonlyArray<string> =>
  parameter(interaction, "scope").split(" ").filter((scope) => scope !== "")

// The way back without what it carries: the person decides by the host.
const returnsTo = (interaction: Interaction): string => {
  const url = new URL(parameter(interaction, "redirect_uri"))
  return url.host === "" ? url.protocol : url.host
}

const clientName = async (provider: Provider, interaction: Interaction): Promise<string> => {
  const client = await provider.Client.find(parameter(interaction, "client_id"))
  return client?.clientName ?? parameter(interaction, "client_id")
}

const show = async (
  provider: Provider,
  interaction: Interaction,
  retry?: { readonly userName: string; readonly problem: string }
): Promise<Page> => {
  const action = `/interaction/${interaction.uid}`
  const client = await clientName(provider, interaction)
  return interaction.prompt.name === "login"
    ? Pages.login({ action, client, ...retry })
    : Pages.consent({
      action,
      client,
      userName: interaction.session?.accountId ?? "",
      scopes: scopesOf(interaction),
      returnsTo: returnsTo(interaction)
    })
}

// oidc-provider would answer a change of user with a page that needs a script; a session that is gone needs none.
const endSession = async (provider: Provider, interaction: Interaction): Promise<void> => {
  if (interaction.session !== undefined) {
    const session = await provider.Session.findByUid(interaction.session.uid)
    await session?.destroy()
    interaction.session = undefined
    await interaction.persist()
  }
}

const login = async (provider: Provider, ctx: Context, interaction: Interaction, form: URLSearchParams) => {
  const userName = (form.get("login") ?? "").trim()
  if (userName.length < 1 || userName.length > Pages.maxUserNameLength || /\p{Cc}/u.test(userName)) {
    ctx.status = 400
    send(
      ctx,
      await show(provider, interaction, {
        userName,
        problem: `Give a user name of 1 to ${Pages.maxUserNameLength} characters.`
      })
    )
    return
  }
  if (interaction.session !== undefined && interaction.session.accountId !== userName) {
    await endSession(provider, interaction)
  }
  await finish(provider, ctx, { login: { accountId: userName } }, false)
}

// Every consent is a grant of its own: tokens from two of them are not revoked together.
const allow = async (provider: Provider, ctx: Context, interaction: Interaction) => {
  const grant = new provider.Grant({
    accountId: interaction.session?.accountId,
    clientId: parameter(interaction, "client_id")
  })
  const scope = scopesOf(interaction).join(" ")
  grant.addOIDCScope(scope)
  const { resource } = interaction.params
  for (const indicator of Array.isArray(resource) ? resource : [resource]) {
    grant.addResourceScope(String(indicator), scope)
  }
  await finish(provider, ctx, { consent: { grantId: await grant.save() } }, true)
}

const deny = (provider: Provider, ctx: Context) =>
  finish(provider, ctx, { error: "access_denied", error_description: "The user refused the request" }, false)

const switchUser = async (provider: Provider, ctx: Context, interaction: Interaction) => {
  await endSession(provider, interaction)
  const request = new URL(provider.urlFor("authorization"))
  for (const [name, value] of Object.entries(interaction.params)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item === "string") {
        request.searchParams.append(name, item)
      }
    }
  }
  await interaction.destroy()
  send(ctx, Pages.proceed(request.href))
}

const finish = async (
  provider: Provider,
  ctx: Context,
  result: Parameters<Provider["interactionResult"]>[2],
  mergeWithLastSubmission: boolean
) => {
  const to = await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission })
  send(ctx, Pages.proceed(to))
}

const interact = async (provider: Provider, ctx: Context): Promise<void> => {
  let interaction: Interaction
  try {
    interaction = await provider.interactionDetails(ctx.req, ctx.res)
  } catch {
    ctx.status = 400
    send(
      ctx,
      Pages.problem({
        title: "This page has expired",
        text: "The request was answered already, is too old, or was started in another browser. "
          + "Go back to the application and start again."
      })
    )
    return
  }
  if (ctx.method === "GET" || ctx.method === "HEAD") {
    send(ctx, await show(provider, interaction))
    return
  }
  const form = ctx.method === "POST" ? await readForm(ctx) : undefined
  const prompt = interaction.prompt.name
  if (form === undefined || form.get("prompt") !== prompt) {
    ctx.status = form === undefined ? 405 : 400
    send(
      ctx,
      Pages.problem({
        title: "This did not work",
        text: "The form does not belong to this step. Go back and try again."
      })
    )
  } else if (prompt === "login") {
    await login(provider, ctx, interaction, form)
  } else if (form.get("decision") === "allow") {
    await allow(provider, ctx, interaction)
  } else if (form.get("decision") === "switch") {
    await switchUser(provider, ctx, interaction)
  } else {
    await deny(provider, ctx)
  }
}

/** @internal */
export const middleware =
  (provider: Provider, settings: Settings) => async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path.startsWith("/interaction/")) {
      await interact(provider, ctx)
      return
    }
    if (ctx.path === "/") {
      send(
        ctx,
        Pages.home({ issuer: settings.issuer, discoveryUrl: `${settings.issuer}/.well-known/openid-configuration` })
      )
      return
    }
    const { prompt, scope } = ctx.query
    if (
      ctx.path === provider.pathFor("authorization") && ctx.method === "GET"
      && typeof scope === "string" && scope.split(" ").includes("offline_access")
      && (prompt === undefined || typeof prompt === "string")
    ) {
      const prompts = (prompt ?? "").split(" ").filter((value) => value !== "")
      // OpenID Connect lets `offline_access` pass only where consent is asked for; clients of real servers do not
      // always know.
      if (!prompts.includes("consent") && !prompts.includes("none")) {
        ctx.query = { ...ctx.query, prompt: [...prompts, "consent"].join(" ") }
      }
    }
    await next()
  }
