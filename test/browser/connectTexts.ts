/** What several pages show, one below the other. */
const words = {
  en: {
    retry: "Try again | Continue | Your connections",
    reload: "Try again | Your connections",
    next: "Continue | Your connections",
    connected: "Disconnect | Check | Reconnect | Remove access at the provider",
    scopes:
      "The agent can | See which account you use | See your name and profile picture | See your email address | Keep this access while you are away"
  },
  de: {
    retry: "Erneut versuchen | Weiter | Ihre Verbindungen",
    reload: "Erneut versuchen | Ihre Verbindungen",
    next: "Weiter | Ihre Verbindungen",
    connected: "Trennen | Prüfen | Neu verbinden | Zugriff beim Anbieter widerrufen",
    scopes:
      "Der Agent kann | Sehen, welches Konto Sie verwenden | Ihren Namen und Ihr Profilbild sehen | Ihre E-Mail-Adresse sehen | Den Zugriff auch in Ihrer Abwesenheit behalten"
  }
}

/**
 * What Chromium shows of each page of `Connect`: the title, which is the heading too, and the lines below it, with " | "
 * between them.
 */
export const shown: { readonly [language in "en" | "de"]: { readonly [view: string]: string } } = {
  en: {
    Connections: [
      "Your connections | Signed in as alice",
      `Calendar | Google | Connected | ${words.en.scopes} | Disconnect | Reconnect | Remove access at the provider`,
      "Mail | Google | Unknown | Connect Mail",
      `Files | Google | Connected as <b>{user}</b>, since March 3, 2026 | ${words.en.connected}`,
      `Notes | Google | Connected. The provider did not say which account this is. | ${words.en.connected}`,
      "Tasks | Google | Access was removed at the provider | Reconnect | Disconnect | Remove access at the provider | Forms | Google | A different account was connected, and it cannot be used here | Connect Forms | Remove access at the provider"
    ].join(" | "),
    NoConnections:
      "Your connections | Signed in as alice | There is nothing to connect yet. Accounts that the agent can use for you will appear here.",
    Link:
      `Connect Calendar | Signed in as alice | Google | Not connected | ${words.en.scopes} | Connect Calendar | Your connections`,
    Granted:
      `Calendar is connected | Signed in as alice | There is nothing left to do. | Continue | Google | Connected as <b>{user}</b> | ${words.en.scopes} | ${words.en.connected} | Your connections`,
    Started: "Connecting Calendar | You are being taken to the provider to sign in. | Continue",
    "Disconnected-Revoked":
      `Calendar is disconnected | The agent no longer has access. The provider has ended the access too. | ${words.en.next}`,
    "Disconnected-NotSupported":
      `Calendar is disconnected | The agent no longer has access. The provider may still list it. | Remove access at the provider | ${words.en.next}`,
    "Disconnected-Failed":
      `Calendar is disconnected | The agent no longer has access. The provider could not end it, and may still list it. | Remove access at the provider | ${words.en.next}`,
    Completed:
      `Consent given | The agent can continue. You can close this page. | Connected as <b>{user}</b> | ${words.en.next}`,
    Denied:
      `You did not allow access | Nothing was stored, and the agent gets no access. You can change your mind at any time. | ${words.en.retry}`,
    NotUsable:
      `This link cannot be used | It belongs to another user or another browser, was already used, or is too old. Nothing was stored. Go back to where you were asked, and start again. | ${words.en.reload} | Back to the application`,
    Failed:
      `Consent could not be completed | There is a problem on our side. Reload this page to try again, or start again later. | ${words.en.retry}`,
    WrongAccount:
      `This is a different account | You are signed in here as alice, and you connected <b>{user}</b>, which cannot be used here. The agent gets no access to it. To choose another account, sign out at the provider first, or switch accounts there. | Connect another account | ${words.en.next}`,
    "WrongAccount-unknown":
      `This is a different account | You are signed in here as alice, and you connected another account, which cannot be used here. The agent gets no access to it. To choose another account, sign out at the provider first, or switch accounts there. | Connect another account | ${words.en.next}`,
    AccountUnknown:
      `The account could not be checked | The provider did not say which account you connected, so the agent does not use it yet. You need not connect again. The agent continues when the provider responds. | ${words.en.retry}`,
    NotSignedIn: `Not signed in | Sign in to the application here, then open this address again. | ${words.en.reload}`,
    OtherSite:
      `Sent from another website | The form was sent from another website, so nothing was changed. | ${words.en.reload}`,
    StaleForm:
      `This page has expired | It was open for too long, or someone else has signed in since. Nothing was changed. Open the link again. | ${words.en.reload}`,
    FormTooLarge:
      `Form too large | The form contained more data than this page accepts. Nothing was changed. Open the link again. | ${words.en.reload}`,
    UnknownCredential:
      `Unknown link | There is nothing to connect at this address. Check that you opened the complete address. | ${words.en.reload}`,
    ContinueNotAllowed:
      `Address not allowed | This link continues to an address that the application does not allow. | ${words.en.reload}`,
    OtherUserKind:
      "Signed in with a different kind of account | This page and the agent identify you in different ways. This is an error in the application, not something you did.",
    Unavailable:
      `Something went wrong | The service did not respond as expected. Try again later. | ${words.en.reload}`,
    Stopping:
      `One moment, please | The server is restarting. Nothing was changed. Reload this page in a few seconds. | ${words.en.reload}`
  },
  de: {
    Connections: [
      "Ihre Verbindungen | Angemeldet als alice",
      `Calendar | Google | Verbunden | ${words.de.scopes} | Trennen | Neu verbinden | Zugriff beim Anbieter widerrufen`,
      "Mail | Google | Unbekannt | Mail verbinden",
      `Files | Google | Verbunden als <b>{user}</b>, seit dem 3. März 2026 | ${words.de.connected}`,
      `Notes | Google | Verbunden. Der Anbieter hat nicht mitgeteilt, welches Konto es ist. | ${words.de.connected}`,
      "Tasks | Google | Der Zugriff wurde beim Anbieter widerrufen | Neu verbinden | Trennen | Zugriff beim Anbieter widerrufen | Forms | Google | Verbunden wurde ein anderes Konto, das hier nicht verwendet werden kann | Forms verbinden | Zugriff beim Anbieter widerrufen"
    ].join(" | "),
    NoConnections:
      "Ihre Verbindungen | Angemeldet als alice | Hier gibt es noch nichts zu verbinden. Konten, die der Agent für Sie verwenden kann, erscheinen dann hier.",
    Link:
      `Calendar verbinden | Angemeldet als alice | Google | Nicht verbunden | ${words.de.scopes} | Calendar verbinden | Ihre Verbindungen`,
    Granted:
      `Calendar ist verbunden | Angemeldet als alice | Sie müssen nichts weiter tun. | Weiter | Google | Verbunden als <b>{user}</b> | ${words.de.scopes} | ${words.de.connected} | Ihre Verbindungen`,
    Started: "Calendar wird verbunden | Sie werden zur Anmeldung beim Anbieter weitergeleitet. | Weiter",
    "Disconnected-Revoked":
      `Calendar ist getrennt | Der Agent hat keinen Zugriff mehr. Auch der Anbieter hat den Zugriff beendet. | ${words.de.next}`,
    "Disconnected-NotSupported":
      `Calendar ist getrennt | Der Agent hat keinen Zugriff mehr. Beim Anbieter wird er möglicherweise noch angezeigt. | Zugriff beim Anbieter widerrufen | ${words.de.next}`,
    "Disconnected-Failed":
      `Calendar ist getrennt | Der Agent hat keinen Zugriff mehr. Der Anbieter konnte ihn nicht beenden und zeigt ihn möglicherweise noch an. | Zugriff beim Anbieter widerrufen | ${words.de.next}`,
    Completed:
      `Zustimmung erteilt | Der Agent kann fortfahren. Sie können diese Seite schließen. | Verbunden als <b>{user}</b> | ${words.de.next}`,
    Denied:
      `Sie haben den Zugriff nicht erlaubt | Es wurde nichts gespeichert, und der Agent erhält keinen Zugriff. Sie können es sich jederzeit anders überlegen. | ${words.de.retry}`,
    NotUsable:
      `Dieser Link kann nicht verwendet werden | Er gehört zu einem anderen Konto oder einem anderen Browser, wurde schon verwendet oder ist zu alt. Es wurde nichts gespeichert. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn. | ${words.de.reload} | Zurück zur Anwendung`,
    Failed:
      `Die Zustimmung wurde nicht abgeschlossen | Es liegt an uns. Laden Sie diese Seite neu, um es noch einmal zu versuchen, oder beginnen Sie später von vorn. | ${words.de.retry}`,
    WrongAccount:
      `Das ist ein anderes Konto | Sie sind hier als alice angemeldet und haben <b>{user}</b> verbunden. Dieses Konto kann hier nicht verwendet werden, und der Agent erhält keinen Zugriff darauf. Um ein anderes Konto zu wählen, melden Sie sich zuerst beim Anbieter ab oder wechseln Sie dort das Konto. | Anderes Konto verbinden | ${words.de.next}`,
    "WrongAccount-unknown":
      `Das ist ein anderes Konto | Sie sind hier als alice angemeldet und haben ein anderes Konto verbunden. Dieses Konto kann hier nicht verwendet werden, und der Agent erhält keinen Zugriff darauf. Um ein anderes Konto zu wählen, melden Sie sich zuerst beim Anbieter ab oder wechseln Sie dort das Konto. | Anderes Konto verbinden | ${words.de.next}`,
    AccountUnknown:
      `Das Konto ließ sich nicht prüfen | Der Anbieter hat nicht mitgeteilt, welches Konto Sie verbunden haben. Deshalb verwendet der Agent es noch nicht. Sie müssen es nicht noch einmal verbinden. Der Agent fährt fort, sobald der Anbieter antwortet. | ${words.de.retry}`,
    NotSignedIn:
      `Nicht angemeldet | Melden Sie sich hier bei der Anwendung an, und öffnen Sie dann diese Adresse noch einmal. | ${words.de.reload}`,
    OtherSite:
      `Von einer anderen Website gesendet | Das Formular wurde von einer anderen Website gesendet. Es wurde nichts geändert. | ${words.de.reload}`,
    StaleForm:
      `Diese Seite ist abgelaufen | Sie war zu lange geöffnet, oder inzwischen hat sich jemand anders angemeldet. Es wurde nichts geändert. Öffnen Sie den Link noch einmal. | ${words.de.reload}`,
    FormTooLarge:
      `Formular zu groß | Das Formular enthielt mehr Daten, als diese Seite annimmt. Es wurde nichts geändert. Öffnen Sie den Link noch einmal. | ${words.de.reload}`,
    UnknownCredential:
      `Unbekannter Link | Unter dieser Adresse lässt sich nichts verbinden. Prüfen Sie, ob Sie die vollständige Adresse geöffnet haben. | ${words.de.reload}`,
    ContinueNotAllowed:
      `Adresse nicht erlaubt | Dieser Link führt zu einer Adresse weiter, die die Anwendung nicht erlaubt. | ${words.de.reload}`,
    OtherUserKind:
      "Mit einer anderen Art von Konto angemeldet | Diese Seite und der Agent identifizieren Sie auf unterschiedliche Weise. Das ist ein Fehler der Anwendung, nicht Ihrer.",
    Unavailable:
      `Da ist etwas schiefgelaufen | Der Dienst hat nicht wie erwartet geantwortet. Versuchen Sie es später noch einmal. | ${words.de.reload}`,
    Stopping:
      `Einen Moment bitte | Der Server wird gerade neu gestartet. Es wurde nichts geändert. Laden Sie diese Seite in einigen Sekunden neu. | ${words.de.reload}`
  }
}
