/** A subject that is an async function: one call after the other. */
export const promised = (obtain) => ({
  obtain,
  repeat: async (times) => {
    for (let call = 0; call < times; call++) await obtain()
  }
})
