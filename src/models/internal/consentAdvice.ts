/** What a developer does when a user has to consent. It is not part of a message, because models read messages. */
export const consentAdvice = "give the request a consent handler, or show the user the link and resume the session"
