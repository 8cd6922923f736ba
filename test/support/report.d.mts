export declare const report: (value: object) => void
