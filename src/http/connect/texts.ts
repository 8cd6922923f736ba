/** The texts of the pages in the languages that come with the package. */
import * as ConsentPages from "../../internal/consentPages.js"
import type { Texts } from "./api.js"

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
  provider: "Connects",
  access: "Access",
  state: "State",
  states: { Granted: "Connected", NotGranted: "Not connected", Unknown: "Not known now" },
  nothingToDo: "There is nothing to do.",
  vendorOpens: "The page of the vendor opens.",
  accessEnded: "The agent has no access any more. The vendor may still list it.",
  withdraw: "Withdraw the access at the vendor",
  continue: "Continue",
  tryAgain: "Try again",
  scopes: {
    openid: "Know which account is yours",
    profile: "See your name and your picture",
    email: "See your email address",
    offline_access: "Keep access while you are away"
  },
  outcomes: ConsentPages.texts.en,
  rejections: {
    NotSignedIn: ConsentPages.texts.en.NotSignedIn,
    OtherSite: { title: "Not sent from this page", text: "The form came from another site, so nothing was done." },
    StaleForm: {
      title: "Open the page again",
      text: "The page was open for too long, or another user is signed in now. Nothing was done. Open the link again."
    },
    FormTooLarge: {
      title: "Form too large",
      text: "The form is larger than the forms of this page. Nothing was done. Open the link again."
    },
    UnknownCredential: {
      title: "Unknown link",
      text: "Nothing can be connected here. Check that the whole address was opened."
    },
    ContinueNotAllowed: {
      title: "Address not allowed",
      text: "The application does not allow the address after this link."
    },
    OtherUserKind: {
      title: "Signed in with another kind of account",
      text:
        "The application identifies you here in another way than its agent does. This is an error of the application, not yours."
    },
    Unavailable: { title: "Not possible now", text: "The service did not respond as expected. Try again later." },
    Stopping: {
      title: "One moment, please",
      text: "The server is restarting, so nothing was done. Reload this page in a few seconds."
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
  provider: "Verbindet",
  access: "Zugriff",
  state: "Status",
  states: { Granted: "Verbunden", NotGranted: "Nicht verbunden", Unknown: "Zurzeit nicht bekannt" },
  nothingToDo: "Hier ist nichts zu tun.",
  vendorOpens: "Die Seite des Anbieters wird geöffnet.",
  accessEnded: "Der Agent hat keinen Zugriff mehr. Der Anbieter führt ihn vielleicht noch auf.",
  withdraw: "Den Zugriff beim Anbieter widerrufen",
  continue: "Weiter",
  tryAgain: "Erneut versuchen",
  scopes: {
    openid: "Wissen, welches Konto Ihnen gehört",
    profile: "Ihren Namen und Ihr Bild sehen",
    email: "Ihre E-Mail-Adresse sehen",
    offline_access: "Den Zugriff behalten, während Sie abwesend sind"
  },
  outcomes: ConsentPages.texts.de,
  rejections: {
    NotSignedIn: ConsentPages.texts.de.NotSignedIn,
    OtherSite: {
      title: "Nicht von dieser Seite gesendet",
      text: "Das Formular kam von einer anderen Website. Deshalb wurde nichts getan."
    },
    StaleForm: {
      title: "Öffnen Sie die Seite noch einmal",
      text:
        "Die Seite war zu lange offen, oder inzwischen ist ein anderes Konto angemeldet. Nichts wurde getan. Öffnen Sie den Link noch einmal."
    },
    FormTooLarge: {
      title: "Formular zu groß",
      text:
        "Das Formular ist größer als die Formulare dieser Seite. Nichts wurde getan. Öffnen Sie den Link noch einmal."
    },
    UnknownCredential: {
      title: "Unbekannter Link",
      text: "Hier kann nichts verbunden werden. Prüfen Sie, ob die ganze Adresse geöffnet wurde."
    },
    ContinueNotAllowed: {
      title: "Adresse nicht erlaubt",
      text: "Die Anwendung erlaubt die Adresse nicht, zu der dieser Link danach führen soll."
    },
    OtherUserKind: {
      title: "Mit einer anderen Art von Konto angemeldet",
      text:
        "Die Anwendung erkennt Sie hier auf andere Weise als ihr Agent. Das ist ein Fehler der Anwendung, nicht Ihrer."
    },
    Unavailable: {
      title: "Zurzeit nicht möglich",
      text: "Der Dienst hat nicht wie erwartet geantwortet. Versuchen Sie es später noch einmal."
    },
    Stopping: {
      title: "Einen Moment, bitte",
      text:
        "Der Server wird gerade neu gestartet. Es wurde nichts getan. Laden Sie diese Seite in einigen Sekunden neu."
    }
  }
}

export const texts = { en, de }
