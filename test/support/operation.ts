/** Rows of tables, and planes made of them. */
export type { Encoded } from "../../src/internal/models/constraint.js"
export * from "../../src/internal/plane/operation.js"
export * as Plane from "../../src/internal/plane/plane.js"
