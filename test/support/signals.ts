export * from "../../src/internal/pendingConsents/signals.js"
