/** Why a server of this machine cannot listen. */

/** The message for a code of Node, as in `EADDRINUSE`. */
export const describeListenError = (host: string, port: number, code: string | undefined): string =>
  `Cannot listen on ${host}:${port}${code === undefined ? "" : `: ${code}`}${
    code === "EADDRINUSE" ? ": the port is in use, choose another one" : ""
  }`
