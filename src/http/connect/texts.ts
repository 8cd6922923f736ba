/** The texts of the pages in the languages that come with the package. */
import * as ConsentPages from "../../internal/consentPages.js"
import type { Texts } from "./appearance.js"

const { NotSignedIn: notSignedInEn, ...outcomesEn } = ConsentPages.texts.en
const { NotSignedIn: notSignedInDe, ...outcomesDe } = ConsentPages.texts.de

const en: typeof Texts.Type = {
  direction: "ltr",
  connections: "Your connections",
  noConnections: "There is nothing to connect yet. Accounts that the agent can use for you will appear here.",
  connect: "Connect {credential}",
  reconnect: "Reconnect",
  disconnect: "Disconnect",
  connected: "{credential} is connected",
  connecting: "Connecting {credential}",
  disconnected: "{credential} is disconnected",
  signedInAs: "Signed in as",
  access: "The agent can",
  states: {
    Granted: "Connected",
    NotGranted: "Not connected",
    RevokedAtVendor: "Access was removed at the provider",
    WrongAccount: "A different account was connected, and it cannot be used here",
    Unknown: "Unknown"
  },
  connectedAs: "Connected as {account}",
  accountUnknown: "Connected. The provider did not say which account this is.",
  since: "{status}, since {date}",
  check: "Check",
  connectAnother: "Connect another account",
  anotherAccount: "another account",
  atVendor: {
    Revoked: "The provider has ended the access too.",
    NotSupported: "The provider may still list it.",
    Failed: "The provider could not end it, and may still list it."
  },
  nothingToDo: "There is nothing left to do.",
  vendorOpens: "You are being taken to the provider to sign in.",
  accessEnded: "The agent no longer has access.",
  withdraw: "Remove access at the provider",
  continue: "Continue",
  backToApplication: "Back to the application",
  tryAgain: "Try again",
  scopes: {
    openid: "See which account you use",
    profile: "See your name and profile picture",
    email: "See your email address",
    offline_access: "Keep this access while you are away"
  },
  outcomes: {
    ...outcomesEn,
    WrongAccount: {
      title: "This is a different account",
      text:
        "You are signed in here as {user}, and you connected {account}, which cannot be used here. The agent gets no access to it. To choose another account, sign out at the provider first, or switch accounts there."
    },
    AccountUnknown: {
      title: "The account could not be checked",
      text:
        "The provider did not say which account you connected, so the agent does not use it yet. You need not connect again. The agent continues when the provider responds."
    }
  },
  rejections: {
    NotSignedIn: notSignedInEn,
    OtherSite: {
      title: "Sent from another website",
      text: "The form was sent from another website, so nothing was changed."
    },
    StaleForm: {
      title: "This page has expired",
      text: "It was open for too long, or someone else has signed in since. Nothing was changed. Open the link again."
    },
    FormTooLarge: {
      title: "Form too large",
      text: "The form contained more data than this page accepts. Nothing was changed. Open the link again."
    },
    UnknownCredential: {
      title: "Unknown link",
      text: "There is nothing to connect at this address. Check that you opened the complete address."
    },
    ContinueNotAllowed: {
      title: "Address not allowed",
      text: "This link continues to an address that the application does not allow."
    },
    OtherUserKind: {
      title: "Signed in with a different kind of account",
      text:
        "This page and the agent identify you in different ways. This is an error in the application, not something you did."
    },
    Unavailable: { title: "Something went wrong", text: "The service did not respond as expected. Try again later." },
    Stopping: {
      title: "One moment, please",
      text: "The server is restarting. Nothing was changed. Reload this page in a few seconds."
    }
  }
}

const de: typeof Texts.Type = {
  direction: "ltr",
  connections: "Ihre Verbindungen",
  noConnections:
    "Hier gibt es noch nichts zu verbinden. Konten, die der Agent für Sie verwenden kann, erscheinen dann hier.",
  connect: "{credential} verbinden",
  reconnect: "Neu verbinden",
  disconnect: "Trennen",
  connected: "{credential} ist verbunden",
  connecting: "{credential} wird verbunden",
  disconnected: "{credential} ist getrennt",
  signedInAs: "Angemeldet als",
  access: "Der Agent kann",
  states: {
    Granted: "Verbunden",
    NotGranted: "Nicht verbunden",
    RevokedAtVendor: "Der Zugriff wurde beim Anbieter widerrufen",
    WrongAccount: "Verbunden wurde ein anderes Konto, das hier nicht verwendet werden kann",
    Unknown: "Unbekannt"
  },
  connectedAs: "Verbunden als {account}",
  accountUnknown: "Verbunden. Der Anbieter hat nicht mitgeteilt, welches Konto es ist.",
  since: "{status}, seit dem {date}",
  check: "Prüfen",
  connectAnother: "Anderes Konto verbinden",
  anotherAccount: "ein anderes Konto",
  atVendor: {
    Revoked: "Auch der Anbieter hat den Zugriff beendet.",
    NotSupported: "Beim Anbieter wird er möglicherweise noch angezeigt.",
    Failed: "Der Anbieter konnte ihn nicht beenden und zeigt ihn möglicherweise noch an."
  },
  nothingToDo: "Sie müssen nichts weiter tun.",
  vendorOpens: "Sie werden zur Anmeldung beim Anbieter weitergeleitet.",
  accessEnded: "Der Agent hat keinen Zugriff mehr.",
  withdraw: "Zugriff beim Anbieter widerrufen",
  continue: "Weiter",
  backToApplication: "Zurück zur Anwendung",
  tryAgain: "Erneut versuchen",
  scopes: {
    openid: "Sehen, welches Konto Sie verwenden",
    profile: "Ihren Namen und Ihr Profilbild sehen",
    email: "Ihre E-Mail-Adresse sehen",
    offline_access: "Den Zugriff auch in Ihrer Abwesenheit behalten"
  },
  outcomes: {
    ...outcomesDe,
    WrongAccount: {
      title: "Das ist ein anderes Konto",
      text:
        "Sie sind hier als {user} angemeldet und haben {account} verbunden. Dieses Konto kann hier nicht verwendet werden, und der Agent erhält keinen Zugriff darauf. Um ein anderes Konto zu wählen, melden Sie sich zuerst beim Anbieter ab oder wechseln Sie dort das Konto."
    },
    AccountUnknown: {
      title: "Das Konto ließ sich nicht prüfen",
      text:
        "Der Anbieter hat nicht mitgeteilt, welches Konto Sie verbunden haben. Deshalb verwendet der Agent es noch nicht. Sie müssen es nicht noch einmal verbinden. Der Agent fährt fort, sobald der Anbieter antwortet."
    }
  },
  rejections: {
    NotSignedIn: notSignedInDe,
    OtherSite: {
      title: "Von einer anderen Website gesendet",
      text: "Das Formular wurde von einer anderen Website gesendet. Es wurde nichts geändert."
    },
    StaleForm: {
      title: "Diese Seite ist abgelaufen",
      text:
        "Sie war zu lange geöffnet, oder inzwischen hat sich jemand anders angemeldet. Es wurde nichts geändert. Öffnen Sie den Link noch einmal."
    },
    FormTooLarge: {
      title: "Formular zu groß",
      text:
        "Das Formular enthielt mehr Daten, als diese Seite annimmt. Es wurde nichts geändert. Öffnen Sie den Link noch einmal."
    },
    UnknownCredential: {
      title: "Unbekannter Link",
      text:
        "Unter dieser Adresse lässt sich nichts verbinden. Prüfen Sie, ob Sie die vollständige Adresse geöffnet haben."
    },
    ContinueNotAllowed: {
      title: "Adresse nicht erlaubt",
      text: "Dieser Link führt zu einer Adresse weiter, die die Anwendung nicht erlaubt."
    },
    OtherUserKind: {
      title: "Mit einer anderen Art von Konto angemeldet",
      text:
        "Diese Seite und der Agent identifizieren Sie auf unterschiedliche Weise. Das ist ein Fehler der Anwendung, nicht Ihrer."
    },
    Unavailable: {
      title: "Da ist etwas schiefgelaufen",
      text: "Der Dienst hat nicht wie erwartet geantwortet. Versuchen Sie es später noch einmal."
    },
    Stopping: {
      title: "Einen Moment bitte",
      text:
        "Der Server wird gerade neu gestartet. Es wurde nichts geändert. Laden Sie diese Seite in einigen Sekunden neu."
    }
  }
}

export const texts = { en, de }
