/** Bodies of requests, with limits. */

/**
 * Bytes. A client that is cut off while it sends reads no response, so a body that is too large is read and dropped, up
 * to this size beyond its limit. Then the connection is closed.
 */
const maxDropped = 32 * 1024 * 1024

/** Collects the chunks of a body of at most `limit` bytes. */
export const make = (limit: number) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return {
    /** Returns false when the rest must not be read. */
    add: (chunk: Uint8Array): boolean => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else chunks.length = 0
      return size <= limit + maxDropped
    },
    /** Returns `undefined` if the body is too large. */
    end: (): Buffer | undefined => size <= limit ? Buffer.concat(chunks) : undefined
  }
}
