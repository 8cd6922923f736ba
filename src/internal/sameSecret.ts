/** Compares strings in a time that depends on their lengths alone. Without Node's modules, which some runtimes lack. */
export const isSameSecret = (self: string, that: string): boolean => {
  let difference = self.length ^ that.length
  for (let index = 0; index < self.length; index++) difference |= self.charCodeAt(index) ^ that.charCodeAt(index)
  return difference === 0
}
