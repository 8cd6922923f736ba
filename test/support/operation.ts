/** Rows of tables. */
export type { Encoded } from "../../src/models/internal/constraint.js"
export * from "../../src/plane/operation.js"
