/** How long an authorization URL and its session are valid (AWS documentation). Milliseconds. */
export const sessionLifetime = 10 * 60_000
