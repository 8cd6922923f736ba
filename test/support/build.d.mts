export declare const compileCache: { readonly NODE_COMPILE_CACHE: string }
export declare const buildCommand: () => Promise<string>
export declare const buildModules: () => Promise<string>
export declare const buildProgram: (entry: string, external?: ReadonlyArray<string>) => Promise<string>
export declare const buildConsoleFolder: () => Promise<string>
