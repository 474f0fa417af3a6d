const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Commas, and opening brackets: each is followed by a value that the parsed text needs memory for. */
const COUNTED = new Set([0x2c, 0x5b, 0x7b])

/** How many values a JSON text has, about, without parsing it, up to where it is cut within a string. */
export const jsonSize = (json: Uint8Array): number => {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  let count = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
      // It is no JSON, but the parser finds that out when it has made all values before.
      if (at === -1) return count
    } else if (COUNTED.has(byte)) count++
  }
  return count
}

/** The closing quote of the string that begins here; -1: there is none. */
const endOfString = (bytes: Buffer, start: number): number => {
  for (let at = start + 1; ; at++) {
    at = bytes.indexOf(QUOTE, at)
    if (at === -1) return -1
    let backslashes = 0
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at
  }
}
