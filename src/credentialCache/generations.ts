/**
 * Generations of a cache key. A generation ends when the credential of its key is dropped. Work that began in an ended generation may have
 * an old credential.
 *
 * A generation exists while work of its key is in flight, so that memory is bounded by that work.
 */
export interface Generation {
  readonly id: number
  /** The work in flight. */
  running: number
}

export interface Generations {
  /** Begins work in the current generation of the key. */
  readonly enter: (key: string) => Generation
  readonly leave: (key: string, generation: Generation) => void
  readonly isCurrent: (key: string, generation: Generation) => boolean
  /** Ends the current generation of the key. */
  readonly end: (key: string) => void
}

export const make = (): Generations => {
  const generations = new Map<string, Generation>()
  let nextId = 0
  const isCurrent = (key: string, generation: Generation): boolean => generations.get(key) === generation
  return {
    enter: (key) => {
      const generation = generations.get(key) ?? { id: nextId++, running: 0 }
      generation.running++
      generations.set(key, generation)
      return generation
    },
    leave: (key, generation) => {
      if (--generation.running === 0 && isCurrent(key, generation)) generations.delete(key)
    },
    isCurrent,
    end: (key) => void generations.delete(key)
  }
}
