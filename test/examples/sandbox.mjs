import { make } from "effect-agentcore-identity/promise/ForwardAuth"

const forwardAuth = make({
  workload: "my-agent",
  credentials: [
    { credential: { providerName: "weather" }, origins: ["https://weather.example.com"], header: "x-api-key" }
  ]
})

// The sandbox of Alice's agent gets the secret of a session, and no credential.
const { token } = await forwardAuth.session({ userId: "alice" })

// What a proxy asks about each request. In a server: `createServer(forwardAuth.node)`.
const ask = (host) => {
  const request = { method: "GET", proto: "https", host, uri: "/today" }
  const headers = Object.entries(request).map(([name, value]) => [`x-forwarded-${name}`, value])
  headers.push(["authorization", `Bearer ${token}`])
  return forwardAuth.fetch(new Request("http://127.0.0.1", { headers }))
}

console.log("The proxy adds x-api-key:", (await ask("weather.example.com")).headers.get("x-api-key"))
console.log("For any other host it gets the status", (await ask("elsewhere.example.com")).status)
