// `node --import` of this file: `globalThis.errorStacks` has the stack of each error that the program constructs. It
// does not see errors that Node makes inside.
const { Error } = globalThis
globalThis.errorStacks = []
// The stack of the error itself would read its message, which a subclass may not have yet.
const record = () => globalThis.errorStacks.push(new Error().stack)
for (const name of ["Error", "TypeError", "RangeError", "SyntaxError"]) {
  globalThis[name] = new Proxy(globalThis[name], {
    construct: (...parameters) => {
      record()
      return Reflect.construct(...parameters)
    },
    apply: (...parameters) => {
      record()
      return Reflect.apply(...parameters)
    }
  })
}
