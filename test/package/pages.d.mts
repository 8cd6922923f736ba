interface Block {
  readonly page: string
  readonly marker: string
  readonly language: string
  readonly code: string
}
export declare const pages: ReadonlyArray<string>
export declare const read: (path: string) => string
export declare const blocksOf: (page: string) => ReadonlyArray<Block>
