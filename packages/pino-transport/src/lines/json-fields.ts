/** Where the fields of a JSON object stand in its bytes. Numbers alone: a line may have a million fields. */
export class FieldTable {
  readonly #places: number[] = []
  count = 0

  add(start: number, nameEnd: number, valueStart: number, end: number): void {
    this.#places.push(start, nameEnd, valueStart, end)
    this.count++
  }

  /** The quote that opens its name. */
  start(field: number): number {
    return this.#places[field * 4] ?? 0
  }

  /** After the quote that closes its name. */
  nameEnd(field: number): number {
    return this.#places[field * 4 + 1] ?? 0
  }

  valueStart(field: number): number {
    return this.#places[field * 4 + 2] ?? 0
  }

  /** After its value. */
  end(field: number): number {
    return this.#places[field * 4 + 3] ?? 0
  }

  valueBytes(field: number): number {
    return this.end(field) - this.valueStart(field)
  }

  /** What it takes besides its value: name, colon, comma. */
  around(field: number): number {
    return this.valueStart(field) - this.start(field) + 1
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const afterSpaces = (bytes: Buffer, at: number): number => {
  let i = at
  while (isSpace(bytes[i])) i++
  return i
}

/** After the string that begins at `at`; past the end if it is not closed. */
const afterString = (bytes: Buffer, at: number): number => {
  for (let i = at + 1; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === BACKSLASH) i++
    else if (byte === QUOTE) return i + 1
  }
  return bytes.length + 1
}

/** After the object or array that begins at `at`. */
const afterNested = (bytes: Buffer, at: number): number => {
  let depth = 0
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) i = afterString(bytes, i) - 1
    else if (byte === OPEN || byte === 0x5b) depth++
    else if ((byte === CLOSE || byte === 0x5d) && --depth === 0) return i + 1
  }
  return bytes.length + 1
}

const afterValue = (bytes: Buffer, at: number): number => {
  const first = bytes[at]
  if (first === QUOTE) return afterString(bytes, at)
  if (first === OPEN || first === 0x5b) return afterNested(bytes, at)
  let i = at
  while (i < bytes.length && bytes[i] !== 0x2c && bytes[i] !== CLOSE && !isSpace(bytes[i])) i++
  return i
}

/**
 * The fields of a JSON object, in one pass and without making values of them, so that what is not
 * touched stays as it is to the byte. Undefined if it is no object. The inside of values is not
 * checked: who puts a text together again has to parse it.
 */
export const fieldsIn = (bytes: Buffer): FieldTable | undefined => {
  const fields = new FieldTable()
  let at = afterSpaces(bytes, 0)
  if (bytes[at] !== OPEN) return undefined
  at = afterSpaces(bytes, at + 1)
  if (bytes[at] === CLOSE) return afterSpaces(bytes, at + 1) === bytes.length ? fields : undefined
  for (;;) {
    if (bytes[at] !== QUOTE) return undefined
    const nameEnd = afterString(bytes, at)
    const colon = afterSpaces(bytes, nameEnd)
    if (bytes[colon] !== 0x3a) return undefined
    const valueStart = afterSpaces(bytes, colon + 1)
    const end = afterValue(bytes, valueStart)
    if (end === valueStart) return undefined
    fields.add(at, nameEnd, valueStart, end)
    const next = afterSpaces(bytes, end)
    if (bytes[next] === CLOSE)
      return afterSpaces(bytes, next + 1) === bytes.length ? fields : undefined
    if (bytes[next] !== 0x2c) return undefined
    at = afterSpaces(bytes, next + 1)
  }
}
