import type { Reporter } from "vitest/node"

export declare const lineOf: (missing: ReadonlyArray<ReadonlyArray<string>>) => string
export declare const skippedReporter: () => Reporter
