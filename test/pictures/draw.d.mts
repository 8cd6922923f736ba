export declare const draw: () => Record<string, string>
