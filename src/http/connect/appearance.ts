/** How the pages look and read: the schemas of the option `appearance`, and their types. */
import { isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Constraint from "../../internal/models/constraint.js"

const Text = Schema.String

const PageText = Schema.Struct({
  /** The heading of the page, and the title of the window. */
  title: Text,
  /** The paragraph below the heading. */
  text: Text
})

const textWith = <Name extends string>(...names: ReadonlyArray<Name>) =>
  Constraint.guard(
    `a text with ${names.map((name) => `{${name}}`).join(" and ")}`,
    (text): text is `${string}{${Name}}${string}` => isString(text) && names.every((name) => text.includes(`{${name}}`))
  )

const CredentialText = textWith("credential")

export const Texts = Schema.Struct({
  /** The direction of the script. */
  direction: Schema.Literals(["ltr", "rtl"]),
  /** The title of the page of all connections, and of the links to it. */
  connections: Text,
  /** On the page of all connections, if there are none. */
  noConnections: Text,
  connect: CredentialText,
  /** A button. Screen readers read the label of the credential after it, also for `disconnect` and `check`. */
  reconnect: Text,
  disconnect: Text,
  connected: CredentialText,
  connecting: CredentialText,
  disconnected: CredentialText,
  signedInAs: Text,
  /** The heading above what the scopes allow. */
  access: Text,
  states: Schema.Struct({ Granted: Text, NotGranted: Text, RevokedAtVendor: Text, WrongAccount: Text, Unknown: Text }),
  /** The account of a connection. */
  connectedAs: textWith("account"),
  /** Instead of `connectedAs`, if the vendor did not name the account. */
  accountUnknown: Text,
  /** The status of a connection, with the date of the option `connectedSince`. */
  since: textWith("status", "date"),
  /** The button that asks the vendor whether the connection still works. */
  check: Text,
  /** After the wrong account was connected. */
  connectAnother: Text,
  /** In place of `{account}`, if the page does not know the wrong account: another process has noticed it. */
  anotherAccount: Text,
  /** After `disconnect`: what happened at the vendor. */
  atVendor: Schema.Struct({ Revoked: Text, NotSupported: Text, Failed: Text }),
  /** On the page of a link whose credential is connected. */
  nothingToDo: Text,
  /** Before the browser opens AgentCore's authorization URL. */
  vendorOpens: Text,
  /** After `disconnect`. One of `atVendor` follows. */
  accessEnded: Text,
  /** The link of the option `revokeAt`. */
  withdraw: Text,
  continue: Text,
  /** Where the application has not named an address to continue to. */
  backToApplication: Text,
  tryAgain: Text,
  /** The scopes of OpenID Connect. */
  scopes: Schema.Struct({ openid: Text, profile: Text, email: Text, offline_access: Text }),
  outcomes: Schema.Struct({
    Completed: PageText,
    /** `{account}` is the account at the vendor, and `{user}` the name of the signed-in user. */
    WrongAccount: PageText,
    AccountUnknown: PageText,
    Denied: PageText,
    NotUsable: PageText,
    Failed: PageText
  }),
  rejections: Schema.Struct({
    NotSignedIn: PageText,
    OtherSite: PageText,
    StaleForm: PageText,
    FormTooLarge: PageText,
    UnknownCredential: PageText,
    ContinueNotAllowed: PageText,
    OtherUserKind: PageText,
    Unavailable: PageText,
    Stopping: PageText
  })
})

const Label = Schema.Union([Text, Schema.Record(Text, Text)])

const Color = Constraint.guard(
  "a color in hexadecimal notation, as in #0b5fff",
  (value): value is string => isString(value) && /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)
)

const colors = {
  /** The buttons, links and outlines. It becomes darker, or lighter in the dark scheme, until its text is readable. */
  accent: Constraint.optional(Color),
  /** Around the card. */
  background: Constraint.optional(Color)
}

export const Appearance = Schema.Struct({
  /** The name of the application, above the heading and in the title of the window. Default: none. */
  name: Constraint.optional(Constraint.string(1, Infinity)),
  /**
   * The logo, which replaces the name above the heading, and is the icon of the window. It is an image as a `data:`
   * URL, an `https:` URL, or an address of this server. The content security policy allows images of its origin. It
   * needs `name` as its alternative text.
   */
  logo: Constraint.optional(Constraint.string(1, Infinity)),
  /** The colors, as in `#0b5fff`. The browser chooses one of the schemes. Default: blue on light gray. */
  colors: Constraint.optional(Schema.Struct({
    ...colors,
    /** The dark scheme. Default: the same accent, and a dark background. */
    dark: Constraint.optional(Schema.Struct(colors))
  })),
  /**
   * The languages of the pages. The browser chooses by its header `accept-language`; the first one is the default.
   * Default: `en`, `de` and the languages of `texts`.
   */
  languages: Constraint.optional(Constraint.items(Text, 1)),
  /** Texts that add a language or replace `Connect.texts`, by language tag, e.g. `pt-BR`. */
  texts: Constraint.optional(Schema.Record(Text, Texts)),
  /** What people read about the credentials, by name in `credentials`. */
  credentials: Constraint.optional(Schema.Record(
    Text,
    Schema.Struct({
      /** The name, as in `Google Calendar`. Default: the name in `credentials`, as in `Calendar`. */
      label: Constraint.optional(Label),
      /** The vendor, as in `Google`. Default: the name of the credential provider, as in `Google`. */
      vendor: Constraint.optional(Label),
      /** The vendor's logo, as the `logo` of the application. Default: the first letter of the label. */
      logo: Constraint.optional(Constraint.string(1, Infinity)),
      /** A sentence about what the agent does with the credential. Default: none. */
      description: Constraint.optional(Label),
      /**
       * What a scope allows, as in `Read your calendar`. Default: a sentence of the texts for the scopes of OpenID
       * Connect, and the scope itself for all others.
       */
      scopes: Constraint.optional(Schema.Record(Text, Label))
    })
  ))
})

/** One string for all languages, or one for each language of the pages. */
export type Label = typeof Label.Type
