// The server, in its own process so that its time is not measured: it responds to every request with the token, after
// some milliseconds if it is given any, and counts requests.
import { createServer } from "node:http"
import { accessToken, workloadAccessToken } from "./fixture.mjs"

const body = JSON.stringify({ accessToken })
const workloadBody = JSON.stringify({ workloadAccessToken })
const headers = {
  "content-type": "application/json",
  "content-length": body.length,
  "x-amzn-requestid": "5f2c8f0e-6d0a-4b1e-8c55-2f3a9c1b7e42"
}

const delay = Number(process.argv[2] ?? 0)
const wait = (respond) => delay === 0 ? respond() : setTimeout(respond, delay)

let requests = 0

// Connections are kept for as long as a subject waits for its turn.
const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  request.resume().on("end", () => {
    requests++
    const isForWorkload = request.url.includes("WorkloadAccessToken")
    wait(() =>
      isForWorkload
        ? response.writeHead(200, { "content-type": "application/json" }).end(workloadBody)
        : response.writeHead(200, headers).end(body)
    )
  })
})

process.on("message", () => process.send(requests))
process.on("disconnect", () => process.exit())

server.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`))
