/**
 * Reads the XML of the AWS Query protocol: elements with text or elements in them. The parser of the AWS SDK is not used, because outside
 * of Node it needs a `DOMParser`, which edge runtimes do not have.
 */

/** The text of an element, or its elements by name. Of several elements with one name, the last one. */
export type Element = string | { readonly [name: string]: Element }

const token =
  /<!--[^]*?-->|<\?[^]*?\?>|<!DOCTYPE[^>]*>|<!\[CDATA\[([^]*?)\]\]>|<(\/?)([\w.:-]+)(?:\s[^<>]*?)?(\/?)>|([^<]+)/y

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

const unescape = (text: string): string =>
  text.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10_ffff ? String.fromCodePoint(point) : whole
  })

interface Open {
  readonly name: string
  readonly elements: Array<readonly [name: string, element: Element]>
  text: string
}

const invalid = (): never => {
  // The text may hold secrets.
  throw new SyntaxError("The document is not well-formed XML")
}

/** The root element by its name. Throws a `SyntaxError`, which quotes nothing, for a text that is not XML. */
export const parse = (text: string): { readonly [name: string]: Element } => {
  const root: Open = { name: "", elements: [], text: "" }
  const open = [root]
  const scanner = new RegExp(token)
  while (scanner.lastIndex < text.length) {
    const match = scanner.exec(text)
    const parent = open.at(-1)
    if (match === null || parent === undefined) return invalid()
    const [, data, closing, name, empty, content] = match
    if (data !== undefined) parent.text += data
    else if (content !== undefined) parent.text += unescape(content)
    else if (name !== undefined && empty === "/") parent.elements.push([name, ""])
    else if (name !== undefined && closing === "") open.push({ name, elements: [], text: "" })
    else if (name !== undefined) {
      open.pop()
      if (parent.name !== name) return invalid()
      open.at(-1)?.elements.push([
        name,
        parent.elements.length === 0 ? parent.text : Object.fromEntries(parent.elements)
      ])
    }
  }
  return open.length === 1 && root.elements.length === 1 && root.text.trim() === ""
    ? Object.fromEntries(root.elements)
    : invalid()
}
