const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e
/** In place of a position: what should stand there does not. */
const ABSENT = -1

/** An expected piece of text, to be compared four bytes at a time. */
interface Literal {
  readonly words: readonly number[]
  readonly rest: Uint8Array
  readonly length: number
}

const literal = (text: string): Literal => {
  const bytes = Buffer.from(text, 'latin1')
  const inWords = bytes.length - (bytes.length % 4)
  const words = Array.from({ length: inWords / 4 }, (_, i) => bytes.readUInt32BE(i * 4))
  return { words, rest: bytes.subarray(inWords), length: bytes.length }
}

const OPEN = literal('{')
const CLOSE = literal('}')
const CLOSE_BYTE = 0x7d
const COMMA = literal(',')
const CLOSE_LIST = literal(']')
const NONE_FAILED = literal('"FailedRecordCount":0')
const RECORDS = literal('"Records":[')
const ENCRYPTION = literal('"EncryptionType":"')
const NUMBER_FIRST = literal('{"SequenceNumber":"')
const THEN_SHARD = literal(',"ShardId":"')
const SHARD_FIRST = literal('{"ShardId":"')
const THEN_NUMBER = literal(',"SequenceNumber":"')

/**
 * Whether the JSON says, in the very form in which the service writes it, that each of so many
 * records was stored. Every byte is looked at, so that this is only true where a parser would read
 * the same: an unknown key (`ErrorCode` above all), an escape, white space, a byte too many, and it
 * says no. No means: parse it.
 */
export const tellsAllStored = (answer: Uint8Array, sent: number): boolean => {
  const json = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
  let at = after(OPEN, json, 0)
  let noneFailed = false
  let allStored = false
  for (let member = 0; member < 3 && at !== ABSENT && byteAt(json, at) !== CLOSE_BYTE; member++) {
    if (member > 0) at = after(COMMA, json, at)
    const failed = after(NONE_FAILED, json, at)
    const records = after(RECORDS, json, at)
    if (failed !== ABSENT && !noneFailed) {
      noneFailed = true
      at = failed
    } else if (records !== ABSENT && !allStored) {
      allStored = true
      at = afterResults(json, records, sent)
    } else at = afterText(json, after(ENCRYPTION, json, at))
  }
  return noneFailed && allStored && after(CLOSE, json, at) === json.byteLength
}

/** Where the list of results ends, bracket included. */
const afterResults = (json: DataView, start: number, sent: number): number => {
  let at = start
  for (let i = 0; i < sent && at !== ABSENT; i++) {
    if (i > 0) at = after(COMMA, json, at)
    at = afterResult(json, at)
  }
  return after(CLOSE_LIST, json, at)
}

const afterResult = (json: DataView, start: number): number => {
  const number = after(NUMBER_FIRST, json, start)
  if (number !== ABSENT) {
    const shard = after(THEN_SHARD, json, afterFilledText(json, number))
    return after(CLOSE, json, afterText(json, shard))
  }
  const shardEnd = afterText(json, after(SHARD_FIRST, json, start))
  return after(CLOSE, json, afterFilledText(json, after(THEN_NUMBER, json, shardEnd)))
}

const byteAt = (json: DataView, at: number): number =>
  at < json.byteLength ? json.getUint8(at) : ABSENT

/** Where this text ends if it stands here. */
const after = ({ words, rest, length }: Literal, json: DataView, start: number): number => {
  if (start === ABSENT || start + length > json.byteLength) return ABSENT
  let at = start
  for (let i = 0; i < words.length; i++, at += 4) if (json.getUint32(at) !== words[i]) return ABSENT
  for (let i = 0; i < rest.length; i++, at++) if (json.getUint8(at) !== rest[i]) return ABSENT
  return at
}

/** As `afterText`, for a text that must not be empty. */
const afterFilledText = (json: DataView, start: number): number =>
  start === ABSENT || byteAt(json, start) === QUOTE ? ABSENT : afterText(json, start)

/** Where a text ends, its quote included; anything but plain ASCII without escapes is absent. */
const afterText = (json: DataView, start: number): number => {
  if (start === ABSENT) return ABSENT
  const end = json.byteLength
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word = json.getUint32(at)
    // Most of it are digits: 56 of them in a sequence number.
    if (areDigits(word)) continue
    for (let shift = 24; shift >= 0; shift -= 8) {
      const byte = (word >>> shift) & 0xff
      if (byte === QUOTE) return at + 4 - shift / 8
      if (isOdd(byte)) return ABSENT
    }
  }
  for (; at < end; at++) {
    const byte = json.getUint8(at)
    if (byte === QUOTE) return at + 1
    if (isOdd(byte)) return ABSENT
  }
  return ABSENT
}

const isOdd = (byte: number): boolean =>
  byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE || byte === BACKSLASH

/** Whether four bytes are between 0x30 and 0x39: their upper halves are 3, also after adding 6. */
const areDigits = (word: number): boolean =>
  (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030
