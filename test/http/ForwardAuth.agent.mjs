// An agent in a sandbox: it calls its origins through the proxy, and prints what it got. Then it waits, so that a test
// can read its memory.
const { CALLS, FOREIGN, PROXY, SESSION } = process.env

const attempt = async (url, headers) => {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(2000) })
    return { status: response.status, body: await response.text(), headers: [...response.headers] }
  } catch (error) {
    return { error: error.cause?.code ?? error.name }
  }
}

const results = []
for (let call = 0; call < Number(CALLS); call++) {
  results.push(await attempt(`${PROXY}/events/${call}`, { authorization: `Bearer ${SESSION}` }))
}
const foreign = []
for (const url of JSON.parse(FOREIGN)) foreign.push(await attempt(url, { authorization: `Bearer ${SESSION}` }))
process.stdout.write(`${JSON.stringify({ results, foreign })}\n`)
setInterval(() => {}, 60_000)
