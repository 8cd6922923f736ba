export declare const buildCommand: () => Promise<string>
export declare const buildModules: () => Promise<string>
export declare const buildProgram: (entry: string, external?: ReadonlyArray<string>) => Promise<string>
export declare const buildConsoleFolder: () => Promise<string>
