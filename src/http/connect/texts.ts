/** The texts of the pages in the languages that come with the package. */
import * as ConsentPages from "../../internal/consentPages.js"
import type { Texts } from "./connectTypes.js"

const { NotSignedIn: notSignedInEn, ...outcomesEn } = ConsentPages.texts.en
const { NotSignedIn: notSignedInDe, ...outcomesDe } = ConsentPages.texts.de

const en: Texts = {
  direction: "ltr",
  connections: "Your connections",
  connect: "Connect {credential}",
  reconnect: "Reconnect {credential}",
  disconnect: "Disconnect {credential}",
  connected: "{credential} is connected",
  connecting: "Connecting {credential}",
  disconnected: "{credential} is disconnected",
  signedInAs: "Signed in as",
  provider: "Provider",
  access: "Access",
  state: "Status",
  states: { Granted: "Connected", NotGranted: "Not connected", Unknown: "Unknown" },
  nothingToDo: "There is nothing left to do.",
  vendorOpens: "You are being taken to the provider to sign in.",
  accessEnded: "The agent no longer has access. The provider may still list it.",
  withdraw: "Remove access at the provider",
  continue: "Continue",
  tryAgain: "Try again",
  scopes: {
    openid: "See which account you use",
    profile: "See your name and profile picture",
    email: "See your email address",
    offline_access: "Keep this access while you are away"
  },
  outcomes: outcomesEn,
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

const de: Texts = {
  direction: "ltr",
  connections: "Ihre Verbindungen",
  connect: "{credential} verbinden",
  reconnect: "{credential} neu verbinden",
  disconnect: "{credential} trennen",
  connected: "{credential} ist verbunden",
  connecting: "{credential} wird verbunden",
  disconnected: "{credential} ist getrennt",
  signedInAs: "Angemeldet als",
  provider: "Anbieter",
  access: "Zugriff",
  state: "Status",
  states: { Granted: "Verbunden", NotGranted: "Nicht verbunden", Unknown: "Unbekannt" },
  nothingToDo: "Sie müssen nichts weiter tun.",
  vendorOpens: "Sie werden zur Anmeldung beim Anbieter weitergeleitet.",
  accessEnded: "Der Agent hat keinen Zugriff mehr. Beim Anbieter wird er möglicherweise noch angezeigt.",
  withdraw: "Zugriff beim Anbieter widerrufen",
  continue: "Weiter",
  tryAgain: "Erneut versuchen",
  scopes: {
    openid: "Sehen, welches Konto Sie verwenden",
    profile: "Ihren Namen und Ihr Profilbild sehen",
    email: "Ihre E-Mail-Adresse sehen",
    offline_access: "Den Zugriff auch in Ihrer Abwesenheit behalten"
  },
  outcomes: outcomesDe,
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
