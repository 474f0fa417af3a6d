/** Numbers of a field. */
const WIDTH = 4
/** A field takes more, as a rule; memory that is not touched costs nothing. */
const FIELD_BYTES = 64

/**
 * Where the fields of a JSON object stand in its bytes. Typed, since a line may have a million fields, and
 * lists of numbers take five times as long to fill.
 */
export class FieldTable {
  #places: Uint32Array
  count = 0

  /** @param bytes the size of the object */
  constructor(bytes: number) {
    this.#places = new Uint32Array((1 + Math.ceil(bytes / FIELD_BYTES)) * WIDTH)
  }

  add(start: number, nameEnd: number, valueStart: number, end: number): void {
    const at = this.count * WIDTH
    if (at === this.#places.length) {
      const larger = new Uint32Array(at * 2)
      larger.set(this.#places)
      this.#places = larger
    }
    const places = this.#places
    places[at] = start
    places[at + 1] = nameEnd
    places[at + 2] = valueStart
    places[at + 3] = end
    this.count++
  }

  /** The quote that opens its name. */
  start(field: number): number {
    return this.#places[field * WIDTH] ?? 0
  }

  /** After the quote that closes its name. */
  nameEnd(field: number): number {
    return this.#places[field * WIDTH + 1] ?? 0
  }

  valueStart(field: number): number {
    return this.#places[field * WIDTH + 2] ?? 0
  }

  /** After its value. */
  end(field: number): number {
    return this.#places[field * WIDTH + 3] ?? 0
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
const OPEN_LIST = 0x5b
const COLON = 0x3a
const COMMA = 0x2c
const ZERO = 0x30
/** From an opening bracket to the closing one, of both kinds. */
const TO_CLOSER = 2
const HEX_DIGITS = 4
const ESCAPED: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'))
const LITERALS: readonly Buffer[] = ['true', 'false', 'null'].map(text => Buffer.from(text))

/** What the functions below return for what is no JSON. */
const BAD = -1

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const afterSpaces = (bytes: Buffer, at: number): number => {
  let i = at
  while (isSpace(bytes[i])) i++
  return i
}

/** After the string that begins at `at`. */
const afterString = (bytes: Buffer, at: number): number => {
  if (bytes[at] !== QUOTE) return BAD
  const { length } = bytes
  let i = at + 1
  while (i < length) {
    const byte = bytes[i] ?? 0
    if (byte === QUOTE) return i + 1
    if (byte < 0x20) return BAD
    if (byte === BACKSLASH) {
      i = afterEscape(bytes, i)
      if (i === BAD) return BAD
    } else i++
  }
  return BAD
}

const afterEscape = (bytes: Buffer, at: number): number => {
  const kind = bytes[at + 1]
  if (ESCAPED.has(kind)) return at + 2
  if (kind !== 0x75) return BAD
  const end = at + 2 + HEX_DIGITS
  for (let i = at + 2; i < end; i++) if (!isHexDigit(bytes[i] ?? 0)) return BAD
  return end
}

const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || ((byte | 32) > 96 && (byte | 32) < 103)

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= 57

const afterDigits = (bytes: Buffer, at: number): number => {
  let i = at
  while (isDigit(bytes[i])) i++
  return i === at ? BAD : i
}

const afterNumber = (bytes: Buffer, at: number): number => {
  const start = bytes[at] === 0x2d ? at + 1 : at
  let i = bytes[start] === ZERO ? start + 1 : afterDigits(bytes, start)
  if (i !== BAD && bytes[i] === 0x2e) i = afterDigits(bytes, i + 1)
  if (i === BAD || ((bytes[i] ?? 0) | 32) !== 0x65) return i
  const sign = bytes[i + 1]
  return afterDigits(bytes, sign === 0x2b || sign === 0x2d ? i + 2 : i + 1)
}

/** After the text, number or literal that begins at `at`. */
const afterScalar = (bytes: Buffer, at: number): number => {
  const first = bytes[at]
  if (first === QUOTE) return afterString(bytes, at)
  if (first === 0x2d || isDigit(first)) return afterNumber(bytes, at)
  for (const literal of LITERALS)
    if (first === literal[0]) {
      const end = at + literal.length
      return bytes.compare(literal, 0, literal.length, at, Math.min(end, bytes.length)) === 0
        ? end
        : BAD
    }
  return BAD
}

/** From the end of a name to its value. */
const afterColon = (bytes: Buffer, nameEnd: number): number => {
  const colon = afterSpaces(bytes, nameEnd)
  return bytes[colon] === COLON ? afterSpaces(bytes, colon + 1) : BAD
}

/** From a name to its value. */
const afterName = (bytes: Buffer, at: number): number => {
  const nameEnd = afterString(bytes, at)
  return nameEnd === BAD ? BAD : afterColon(bytes, nameEnd)
}

const afterValue = (bytes: Buffer, at: number): number => {
  const first = bytes[at]
  return first === OPEN || first === OPEN_LIST ? afterNested(bytes, at) : afterScalar(bytes, at)
}

/** After the object or list that begins at `at`, however deep it is. */
const afterNested = (bytes: Buffer, at: number): number => {
  const closers: number[] = []
  let i = at
  for (;;) {
    const first = bytes[i]
    if (first === OPEN || first === OPEN_LIST) {
      i = afterSpaces(bytes, i + 1)
      if (bytes[i] === first + TO_CLOSER) i++
      else {
        closers.push(first + TO_CLOSER)
        if (first === OPEN) i = afterName(bytes, i)
        if (i === BAD) return BAD
        continue
      }
    } else i = afterScalar(bytes, i)
    if (i === BAD) return BAD
    // A value ended, and with it perhaps those around it.
    while (closers.length > 0) {
      i = afterSpaces(bytes, i)
      const closer = closers.at(-1)
      if (bytes[i] === COMMA) {
        i = afterSpaces(bytes, i + 1)
        if (closer === CLOSE) i = afterName(bytes, i)
        if (i === BAD) return BAD
        break
      }
      if (bytes[i] !== closer) return BAD
      closers.pop()
      i++
    }
    if (closers.length === 0) return i
  }
}

/**
 * The fields of a JSON object, in one pass and without making values of them, so that what is not
 * touched stays as it is to the byte. Undefined if the text is no JSON, or no object.
 */
export const fieldsIn = (bytes: Buffer): FieldTable | undefined => {
  const fields = new FieldTable(bytes.length)
  const isEnd = (at: number): boolean => afterSpaces(bytes, at) === bytes.length
  let at = afterSpaces(bytes, 0)
  if (bytes[at] !== OPEN) return undefined
  at = afterSpaces(bytes, at + 1)
  if (bytes[at] === CLOSE) return isEnd(at + 1) ? fields : undefined
  for (;;) {
    const nameEnd = afterString(bytes, at)
    if (nameEnd === BAD) return undefined
    const valueStart = afterColon(bytes, nameEnd)
    if (valueStart === BAD) return undefined
    const end = afterValue(bytes, valueStart)
    if (end === BAD) return undefined
    fields.add(at, nameEnd, valueStart, end)
    const next = afterSpaces(bytes, end)
    if (bytes[next] === CLOSE) return isEnd(next + 1) ? fields : undefined
    if (bytes[next] !== COMMA) return undefined
    at = afterSpaces(bytes, next + 1)
  }
}
