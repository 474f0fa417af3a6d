const QUOTE = 0x22
const BACKSLASH = 0x5c
const HEX = 16

/** Never in the middle of a UTF-8 sequence. */
const wholeCharacters = (bytes: Buffer, start: number, end: number): number => {
  for (let at = end; at > start && at > end - 4; at--)
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at
  return end
}

/** The UTF-16 unit of an escape such as `\\u00fc`; undefined if there is none. */
export const unitAt = (bytes: Buffer, at: number): number | undefined =>
  bytes[at] === BACKSLASH && bytes[at + 1] === 0x75
    ? Number.parseInt(bytes.toString('latin1', at + 2, at + 6), HEX)
    : undefined

const isHigh = (unit: number | undefined): boolean =>
  unit !== undefined && unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number | undefined): boolean =>
  unit !== undefined && unit >= 0xdc00 && unit <= 0xdfff

/** How many bytes the escape at `at` has; both halves of a character are one. */
const escapeLength = (bytes: Buffer, at: number): number => {
  const unit = unitAt(bytes, at)
  if (unit === undefined) return 2
  return isHigh(unit) && isLow(unitAt(bytes, at + 6)) ? 12 : 6
}

/**
 * Where the inside of a JSON string, `bytes[start..end)`, has to end to be at most `room` bytes with
 * its quotes: never in half an escape or half a character.
 */
export const cutString = (bytes: Buffer, start: number, end: number, room: number): number => {
  const last = Math.min(end, start + Math.max(0, room - 2))
  let at = start
  while (at < last) {
    const length = bytes[at] === BACKSLASH ? escapeLength(bytes, at) : 1
    if (at + length > last) break
    at += length
  }
  return at < end ? wholeCharacters(bytes, start, at) : at
}

/** JSON.stringify's escape of a byte that cannot stand in a string as it is. */
const ESCAPES: readonly (Buffer | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const text = JSON.stringify(String.fromCharCode(code)).slice(1, -1)
  return text.length === 1 ? undefined : Buffer.from(text)
})

/** The beginning of any text as a JSON string of at most `room` bytes. */
export const quoteCut = (text: Buffer, room: number): Buffer => {
  const out = Buffer.allocUnsafe(Math.max(2, Math.min(room, text.length * 6 + 2)))
  let size = 1
  let at = 0
  out[0] = QUOTE
  for (; at < text.length; at++) {
    const byte = text[at] ?? 0
    const escape = ESCAPES[byte]
    const length = escape?.length ?? 1
    if (size + length + 1 > out.length) break
    if (escape === undefined) out[size] = byte
    else escape.copy(out, size)
    size += length
  }
  if (at < text.length) size -= at - wholeCharacters(text, 0, at)
  out[size] = QUOTE
  return out.subarray(0, size + 1)
}
