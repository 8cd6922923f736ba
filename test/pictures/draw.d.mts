export declare const draw: () => Record<string, string>
export declare const pictureAddress: (file: string) => string
