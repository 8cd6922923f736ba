// A bare server of `node:http` that parses JSON and responds with JSON: the least that a server of the same protocol
// can do.
import { createServer } from "node:http"

const server = createServer((request, response) => {
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
    const body = JSON.stringify({ received: Object.keys(JSON.parse(Buffer.concat(chunks).toString())) })
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body)
  })
})

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`))
