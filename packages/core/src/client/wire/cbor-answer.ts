/** Major types, in the upper 3 bits of an item's first byte (RFC 8949, 3.1). */
const TEXT = 3
const ARRAY = 4
const MAP = 5
/** Ends a list or a map of which the length was not told (RFC 8949, 3.2.1). */
const BREAK = 0xff
const ZERO = 0

const key = (text: string): Uint8Array =>
  Uint8Array.from([(TEXT << 5) | text.length, ...Buffer.from(text, 'latin1')])
const RECORDS = key('Records')
const SEQUENCE_NUMBER = key('SequenceNumber')
const FAILED_COUNT = key('FailedRecordCount')
const SHARD_ID = key('ShardId')
const ENCRYPTION = key('EncryptionType')

/**
 * Whether the CBOR says that each of so many records was stored. It walks from item to item, as a
 * parser does, so it is only true where a parser would read the same: an unknown key (`ErrorCode`
 * above all) or a byte too many, and it says no. No means: parse it.
 */
export const tellsAllStored = (answer: Uint8Array, sent: number): boolean => {
  const walk = new Walk(answer)
  const told = walk.entries(MAP, () => {
    if (walk.takes(FAILED_COUNT)) return walk.byte() === ZERO ? FAILED_COUNT : undefined
    if (walk.takes(RECORDS)) return walk.results(sent) ? RECORDS : undefined
    return walk.takes(ENCRYPTION) && walk.text() !== undefined ? ENCRYPTION : undefined
  })
  return (
    told !== undefined && told.has(FAILED_COUNT) && told.has(RECORDS) && walk.at === answer.length
  )
}

class Walk {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  byte(): number | undefined {
    return this.#bytes[this.at++]
  }

  takes(expected: Uint8Array): boolean {
    for (let i = 0; i < expected.length; i++)
      if (this.#bytes[this.at + i] !== expected[i]) return false
    this.at += expected.length
    return true
  }

  /** Skips a text and returns its length. */
  text(): number | undefined {
    const length = this.#length(TEXT)
    if (length === undefined || length === Number.POSITIVE_INFINITY) return undefined
    this.at += length
    return this.at <= this.#bytes.length ? length : undefined
  }

  results(sent: number): boolean {
    const length = this.#length(ARRAY)
    if (length !== sent && length !== Number.POSITIVE_INFINITY) return false
    for (let i = 0; i < sent; i++) if (!this.#result()) return false
    return length === sent || this.byte() === BREAK
  }

  #result(): boolean {
    const told = this.entries(MAP, () => {
      if (this.takes(SEQUENCE_NUMBER)) return (this.text() ?? 0) > 0 ? SEQUENCE_NUMBER : undefined
      return this.takes(SHARD_ID) && this.text() !== undefined ? SHARD_ID : undefined
    })
    return told?.has(SEQUENCE_NUMBER) === true
  }

  /** The keys of a map, each of which is read by `read`; undefined if it fails or a key comes twice. */
  entries(type: number, read: () => Uint8Array | undefined): Keys | undefined {
    const length = this.#length(type)
    if (length === undefined) return undefined
    const keys = new Keys()
    for (let i = 0; i < length; i++) {
      if (length === Number.POSITIVE_INFINITY && this.#bytes[this.at] === BREAK) {
        this.at++
        return keys
      }
      const found = read()
      if (found === undefined || !keys.add(found)) return undefined
    }
    return keys
  }

  /** The length an item's head tells; infinite if it ends with a break. */
  #length(type: number): number | undefined {
    const head = this.byte()
    if (head === undefined || head >> 5 !== type) return undefined
    const info = head & 0x1f
    if (info < 24) return info
    if (info === 24) return this.byte()
    if (info === 25) return this.#number(2)
    if (info === 26) return this.#number(4)
    return info === 31 ? Number.POSITIVE_INFINITY : undefined
  }

  #number(bytes: number): number | undefined {
    let value = 0
    for (let i = 0; i < bytes; i++) value = value * 0x100 + (this.byte() ?? Number.NaN)
    return Number.isNaN(value) ? undefined : value
  }
}

/** At most three keys: cheaper than a set, of which one would be made for each record. */
class Keys {
  #first: Uint8Array | undefined
  #second: Uint8Array | undefined
  #third: Uint8Array | undefined

  has(found: Uint8Array): boolean {
    return this.#first === found || this.#second === found || this.#third === found
  }

  /** False if it is there already. */
  add(found: Uint8Array): boolean {
    if (this.has(found)) return false
    if (this.#first === undefined) this.#first = found
    else if (this.#second === undefined) this.#second = found
    else this.#third = found
    return true
  }
}
