export declare const bundle: (options: {
  readonly directory: string
  readonly entry: string
  readonly modules: string
  readonly name: string
}) => Promise<string>
