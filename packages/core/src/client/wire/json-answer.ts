const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e
/** In place of a position: what should stand there does not. */
const ABSENT = -1

const literal = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

const OPEN = literal('{')
const CLOSE = literal('}')
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
export const tellsAllStored = (json: Uint8Array, sent: number): boolean => {
  let at = after(OPEN, json, 0)
  let noneFailed = false
  let allStored = false
  for (let member = 0; member < 3 && at !== ABSENT && json[at] !== CLOSE[0]; member++) {
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
  return noneFailed && allStored && after(CLOSE, json, at) === json.length
}

/** Where the list of results ends, bracket included. */
const afterResults = (json: Uint8Array, start: number, sent: number): number => {
  let at = start
  for (let i = 0; i < sent && at !== ABSENT; i++) {
    if (i > 0) at = after(COMMA, json, at)
    at = afterResult(json, at)
  }
  return after(CLOSE_LIST, json, at)
}

const afterResult = (json: Uint8Array, start: number): number => {
  const number = after(NUMBER_FIRST, json, start)
  if (number !== ABSENT) {
    const shard = after(THEN_SHARD, json, afterFilledText(json, number))
    return after(CLOSE, json, afterText(json, shard))
  }
  const shardEnd = afterText(json, after(SHARD_FIRST, json, start))
  return after(CLOSE, json, afterFilledText(json, after(THEN_NUMBER, json, shardEnd)))
}

/** Where these bytes end if they stand here. */
const after = (expected: Uint8Array, json: Uint8Array, start: number): number => {
  if (start === ABSENT) return ABSENT
  for (let i = 0; i < expected.length; i++) if (json[start + i] !== expected[i]) return ABSENT
  return start + expected.length
}

/** As `afterText`, for a text that must not be empty. */
const afterFilledText = (json: Uint8Array, start: number): number =>
  json[start] === QUOTE ? ABSENT : afterText(json, start)

/** Where a text ends, its quote included; anything but plain ASCII without escapes is absent. */
const afterText = (json: Uint8Array, start: number): number => {
  if (start === ABSENT) return ABSENT
  for (let at = start; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (byte === QUOTE) return at + 1
    if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE || byte === BACKSLASH) return ABSENT
  }
  return ABSENT
}
