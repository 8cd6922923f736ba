export declare const isPublic: (module: string) => boolean
