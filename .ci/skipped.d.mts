export declare const lineOf: (missing: ReadonlyArray<ReadonlyArray<string>>) => string
