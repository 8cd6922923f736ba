/** What Chromium shows of each page of `Connect`: the title, which is the heading too, and the lines below it. */
export const shown: {
  readonly [language in "en" | "de"]: { readonly [view: string]: ReadonlyArray<string> }
} = {
  en: {
    Connections: [
      "Your connections",
      "Signed in as alice",
      "calendar",
      "Provider",
      "google",
      "Access",
      "See which account you use",
      "See your name and profile picture",
      "See your email address",
      "Keep this access while you are away",
      "Status",
      "Connected",
      "Reconnect calendar",
      "Disconnect calendar",
      "Remove access at the provider",
      "mail",
      "Provider",
      "google",
      "Status",
      "Unknown",
      "Connect mail",
      "files",
      "Provider",
      "google",
      "Status",
      "Connected as <b>{user}</b>",
      "Reconnect files",
      "Check files",
      "Disconnect files",
      "Remove access at the provider",
      "notes",
      "Provider",
      "google",
      "Status",
      "Connected. The provider did not say which account this is.",
      "Reconnect notes",
      "Check notes",
      "Disconnect notes",
      "Remove access at the provider",
      "tasks",
      "Provider",
      "google",
      "Status",
      "Access was removed at the provider",
      "Reconnect tasks",
      "Check tasks",
      "Disconnect tasks",
      "Remove access at the provider"
    ],
    Link: [
      "Connect calendar",
      "Signed in as",
      "alice",
      "Provider",
      "google",
      "Access",
      "See which account you use",
      "See your name and profile picture",
      "See your email address",
      "Keep this access while you are away",
      "Status",
      "Not connected",
      "Connect calendar",
      "Your connections"
    ],
    Granted: [
      "calendar is connected",
      "Signed in as",
      "alice",
      "Provider",
      "google",
      "Access",
      "See which account you use",
      "See your name and profile picture",
      "See your email address",
      "Keep this access while you are away",
      "Status",
      "Connected as <b>{user}</b>",
      "There is nothing left to do.",
      "Continue",
      "Reconnect calendar",
      "Check calendar",
      "Disconnect calendar",
      "Remove access at the provider",
      "Your connections"
    ],
    Started: [
      "Connecting calendar",
      "You are being taken to the provider to sign in.",
      "Continue"
    ],
    "Disconnected-Revoked": [
      "calendar is disconnected",
      "The agent no longer has access. The provider has ended the access too.",
      "Continue",
      "Your connections"
    ],
    "Disconnected-NotSupported": [
      "calendar is disconnected",
      "The agent no longer has access. The provider may still list it.",
      "Remove access at the provider",
      "Continue",
      "Your connections"
    ],
    "Disconnected-Failed": [
      "calendar is disconnected",
      "The agent no longer has access. The provider could not end it, and may still list it.",
      "Remove access at the provider",
      "Continue",
      "Your connections"
    ],
    Completed: [
      "Consent given",
      "The agent can continue. You can close this page.",
      "Connected as <b>{user}</b>",
      "Continue",
      "Your connections"
    ],
    WrongAccount: [
      "This is another account",
      "You are signed in here as alice, and you connected <b>{user}</b>, which cannot be used here. The agent gets no access to it. To choose another account, sign out at the provider first, or switch accounts there.",
      "Connect another account",
      "Continue",
      "Your connections"
    ],
    Forgotten: [
      "This has to be started again",
      "The application was restarted, and has forgotten this link. Nothing was stored. Connect again.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    AccountUnknown: [
      "The account could not be checked",
      "The provider did not say which account you connected, so the agent does not use it yet. You need not connect again. The agent continues when the provider responds.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    Denied: [
      "You did not allow access",
      "Nothing was stored, and the agent gets no access. You can change your mind at any time.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    WrongUser: [
      "Signed in as another user",
      "Another user started this consent. Nothing was stored. Go back to where you were asked, and start again.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    AlreadyUsed: [
      "Link already used",
      "This consent has already ended, or another user has opened the link. Each link works only once.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    Expired: [
      "Link expired",
      "The time to give consent has run out. Go back to where you were asked, and start again.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    Unknown: [
      "Unknown link",
      "No consent is waiting here. Check that you opened the complete address, or start again.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    Failed: [
      "Consent could not be completed",
      "The service did not accept the consent, or access was not allowed. Go back to where you were asked, and start again.",
      "Try again",
      "Continue",
      "Your connections"
    ],
    NotSignedIn: [
      "Not signed in",
      "Sign in to the application here, then open this address again.",
      "Try again",
      "Your connections"
    ],
    OtherSite: [
      "Sent from another website",
      "The form was sent from another website, so nothing was changed.",
      "Try again",
      "Your connections"
    ],
    StaleForm: [
      "This page has expired",
      "It was open for too long, or someone else has signed in since. Nothing was changed. Open the link again.",
      "Try again",
      "Your connections"
    ],
    FormTooLarge: [
      "Form too large",
      "The form contained more data than this page accepts. Nothing was changed. Open the link again.",
      "Try again",
      "Your connections"
    ],
    UnknownCredential: [
      "Unknown link",
      "There is nothing to connect at this address. Check that you opened the complete address.",
      "Try again",
      "Your connections"
    ],
    ContinueNotAllowed: [
      "Address not allowed",
      "This link continues to an address that the application does not allow.",
      "Try again",
      "Your connections"
    ],
    OtherUserKind: [
      "Signed in with a different kind of account",
      "This page and the agent identify you in different ways. This is an error in the application, not something you did."
    ],
    Unavailable: [
      "Something went wrong",
      "The service did not respond as expected. Try again later.",
      "Try again",
      "Your connections"
    ],
    Stopping: [
      "One moment, please",
      "The server is restarting. Nothing was changed. Reload this page in a few seconds.",
      "Try again",
      "Your connections"
    ]
  },
  de: {
    Connections: [
      "Ihre Verbindungen",
      "Angemeldet als alice",
      "calendar",
      "Anbieter",
      "google",
      "Zugriff",
      "Sehen, welches Konto Sie verwenden",
      "Ihren Namen und Ihr Profilbild sehen",
      "Ihre E-Mail-Adresse sehen",
      "Den Zugriff auch in Ihrer Abwesenheit behalten",
      "Status",
      "Verbunden",
      "calendar neu verbinden",
      "calendar trennen",
      "Zugriff beim Anbieter widerrufen",
      "mail",
      "Anbieter",
      "google",
      "Status",
      "Unbekannt",
      "mail verbinden",
      "files",
      "Anbieter",
      "google",
      "Status",
      "Verbunden als <b>{user}</b>",
      "files neu verbinden",
      "files prüfen",
      "files trennen",
      "Zugriff beim Anbieter widerrufen",
      "notes",
      "Anbieter",
      "google",
      "Status",
      "Verbunden. Der Anbieter hat nicht mitgeteilt, welches Konto es ist.",
      "notes neu verbinden",
      "notes prüfen",
      "notes trennen",
      "Zugriff beim Anbieter widerrufen",
      "tasks",
      "Anbieter",
      "google",
      "Status",
      "Der Zugriff wurde beim Anbieter widerrufen",
      "tasks neu verbinden",
      "tasks prüfen",
      "tasks trennen",
      "Zugriff beim Anbieter widerrufen"
    ],
    Link: [
      "calendar verbinden",
      "Angemeldet als",
      "alice",
      "Anbieter",
      "google",
      "Zugriff",
      "Sehen, welches Konto Sie verwenden",
      "Ihren Namen und Ihr Profilbild sehen",
      "Ihre E-Mail-Adresse sehen",
      "Den Zugriff auch in Ihrer Abwesenheit behalten",
      "Status",
      "Nicht verbunden",
      "calendar verbinden",
      "Ihre Verbindungen"
    ],
    Granted: [
      "calendar ist verbunden",
      "Angemeldet als",
      "alice",
      "Anbieter",
      "google",
      "Zugriff",
      "Sehen, welches Konto Sie verwenden",
      "Ihren Namen und Ihr Profilbild sehen",
      "Ihre E-Mail-Adresse sehen",
      "Den Zugriff auch in Ihrer Abwesenheit behalten",
      "Status",
      "Verbunden als <b>{user}</b>",
      "Sie müssen nichts weiter tun.",
      "Weiter",
      "calendar neu verbinden",
      "calendar prüfen",
      "calendar trennen",
      "Zugriff beim Anbieter widerrufen",
      "Ihre Verbindungen"
    ],
    Started: [
      "calendar wird verbunden",
      "Sie werden zur Anmeldung beim Anbieter weitergeleitet.",
      "Weiter"
    ],
    "Disconnected-Revoked": [
      "calendar ist getrennt",
      "Der Agent hat keinen Zugriff mehr. Auch der Anbieter hat den Zugriff beendet.",
      "Weiter",
      "Ihre Verbindungen"
    ],
    "Disconnected-NotSupported": [
      "calendar ist getrennt",
      "Der Agent hat keinen Zugriff mehr. Beim Anbieter wird er möglicherweise noch angezeigt.",
      "Zugriff beim Anbieter widerrufen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    "Disconnected-Failed": [
      "calendar ist getrennt",
      "Der Agent hat keinen Zugriff mehr. Der Anbieter konnte ihn nicht beenden und zeigt ihn möglicherweise noch an.",
      "Zugriff beim Anbieter widerrufen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Completed: [
      "Zustimmung erteilt",
      "Der Agent kann fortfahren. Sie können diese Seite schließen.",
      "Verbunden als <b>{user}</b>",
      "Weiter",
      "Ihre Verbindungen"
    ],
    WrongAccount: [
      "Das ist ein anderes Konto",
      "Sie sind hier als alice angemeldet und haben <b>{user}</b> verbunden. Dieses Konto kann hier nicht verwendet werden, und der Agent erhält keinen Zugriff darauf. Um ein anderes Konto zu wählen, melden Sie sich zuerst beim Anbieter ab oder wechseln Sie dort das Konto.",
      "Anderes Konto verbinden",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Forgotten: [
      "Bitte noch einmal von vorn",
      "Die Anwendung wurde neu gestartet und hat diesen Link vergessen. Es wurde nichts gespeichert. Verbinden Sie noch einmal.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    AccountUnknown: [
      "Das Konto ließ sich nicht prüfen",
      "Der Anbieter hat nicht mitgeteilt, welches Konto Sie verbunden haben. Deshalb verwendet der Agent es noch nicht. Sie müssen es nicht noch einmal verbinden. Der Agent fährt fort, sobald der Anbieter antwortet.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Denied: [
      "Sie haben den Zugriff nicht erlaubt",
      "Es wurde nichts gespeichert, und der Agent erhält keinen Zugriff. Sie können es sich jederzeit anders überlegen.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    WrongUser: [
      "Mit einem anderen Konto angemeldet",
      "Diese Zustimmung gehört zu einem anderen Konto als dem, das hier angemeldet ist. Es wurde nichts gespeichert. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    AlreadyUsed: [
      "Link bereits verwendet",
      "Dieser Vorgang ist bereits beendet, oder der Link wurde mit einem anderen Konto geöffnet. Jeder Link gilt nur einmal.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Expired: [
      "Link abgelaufen",
      "Die Zeit für die Zustimmung ist abgelaufen. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Unknown: [
      "Unbekannter Link",
      "Hier wird auf keine Zustimmung gewartet. Prüfen Sie, ob Sie die vollständige Adresse geöffnet haben, oder beginnen Sie von vorn.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    Failed: [
      "Die Zustimmung wurde nicht abgeschlossen",
      "Der Dienst hat die Zustimmung nicht angenommen, oder der Zugriff wurde nicht erlaubt. Kehren Sie dorthin zurück, wo Sie gefragt wurden, und beginnen Sie von vorn.",
      "Erneut versuchen",
      "Weiter",
      "Ihre Verbindungen"
    ],
    NotSignedIn: [
      "Nicht angemeldet",
      "Melden Sie sich hier bei der Anwendung an, und öffnen Sie dann diese Adresse noch einmal.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    OtherSite: [
      "Von einer anderen Website gesendet",
      "Das Formular wurde von einer anderen Website gesendet. Es wurde nichts geändert.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    StaleForm: [
      "Diese Seite ist abgelaufen",
      "Sie war zu lange geöffnet, oder inzwischen hat sich jemand anders angemeldet. Es wurde nichts geändert. Öffnen Sie den Link noch einmal.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    FormTooLarge: [
      "Formular zu groß",
      "Das Formular enthielt mehr Daten, als diese Seite annimmt. Es wurde nichts geändert. Öffnen Sie den Link noch einmal.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    UnknownCredential: [
      "Unbekannter Link",
      "Unter dieser Adresse lässt sich nichts verbinden. Prüfen Sie, ob Sie die vollständige Adresse geöffnet haben.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    ContinueNotAllowed: [
      "Adresse nicht erlaubt",
      "Dieser Link führt zu einer Adresse weiter, die die Anwendung nicht erlaubt.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    OtherUserKind: [
      "Mit einer anderen Art von Konto angemeldet",
      "Diese Seite und der Agent identifizieren Sie auf unterschiedliche Weise. Das ist ein Fehler der Anwendung, nicht Ihrer."
    ],
    Unavailable: [
      "Da ist etwas schiefgelaufen",
      "Der Dienst hat nicht wie erwartet geantwortet. Versuchen Sie es später noch einmal.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ],
    Stopping: [
      "Einen Moment bitte",
      "Der Server wird gerade neu gestartet. Es wurde nichts geändert. Laden Sie diese Seite in einigen Sekunden neu.",
      "Erneut versuchen",
      "Ihre Verbindungen"
    ]
  }
}
