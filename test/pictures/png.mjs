// Makes a screenshot small: Chromium writes 24 bits for each pixel, and these pages have few colors.
import { crc32, deflateSync, inflateSync } from "node:zlib"

const signature = Buffer.from("89504e470d0a1a0a", "hex")

const chunksOf = (png) => {
  const chunks = []
  for (let offset = signature.length; offset < png.length;) {
    const length = png.readUInt32BE(offset)
    chunks.push([png.toString("latin1", offset + 4, offset + 8), png.subarray(offset + 8, offset + 8 + length)])
    offset += 12 + length
  }
  return chunks
}

const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}

/** The predictors of PNG, by the number of the filter of a row: the bytes to the left, above, and above to the left. */
const predictors = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const [a, b, c] = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
    return a <= b && a <= c ? left : b <= c ? up : corner
  }
]

/** The colors of the pixels, row by row, as 24-bit numbers. */
const pixelsOf = (filtered, width, height) => {
  const stride = width * 3
  const bytes = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y++) {
    const predict = predictors[filtered[y * (stride + 1)]]
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x < 3 ? 0 : bytes[at - 3]
      const up = y === 0 ? 0 : bytes[at - stride]
      const corner = x < 3 || y === 0 ? 0 : bytes[at - stride - 3]
      bytes[at] = filtered[at + y + 1] + predict(left, up, corner)
    }
  }
  return Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(index * 3, 3))
}

const distance = (a, b) =>
  [16, 8, 0].reduce((sum, shift) => sum + (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2, 0)

/** The same picture in its 64 most frequent colors. */
export const withPalette = (png) => {
  const chunks = chunksOf(png)
  const data = (type) => Buffer.concat(chunks.flatMap(([name, bytes]) => name === type ? [bytes] : []))
  const header = Buffer.from(data("IHDR"))
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  if (header[8] !== 8 || header[9] !== 2) throw new Error("The screenshot is not in 24-bit colors")
  const pixels = pixelsOf(inflateSync(data("IDAT")), width, height)
  const counts = new Map()
  for (const color of pixels) counts.set(color, (counts.get(color) ?? 0) + 1)
  const palette = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, 64)
  const nearest = (color) =>
    palette.reduce((best, other) => distance(other, color) < distance(best, color) ? other : best)
  const indices = new Map([...counts.keys()].map((color) => [color, palette.indexOf(nearest(color))]))
  const rows = Buffer.alloc((width + 1) * height)
  pixels.forEach((color, index) => rows[index + Math.floor(index / width) + 1] = indices.get(color))
  header[9] = 3
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]))),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0))
  ])
}
