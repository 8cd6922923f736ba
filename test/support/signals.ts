export * from "../../src/pendingConsents/signals.js"
