/** Rows of tables. */
export type { Encoded } from "../../src/internal/models/constraint.js"
export * from "../../src/internal/plane/operation.js"
