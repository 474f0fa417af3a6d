import type { PutRecordsRequest, WireRecord } from '../client.js'
import { Base64Group, base64Length, writeBase64 } from './base64.js'

/** Room for the punctuation and field names of one record, hash key included. */
const RECORD_OVERHEAD = 110
/** A character of a key takes at most 6 bytes in JSON: `\u0000`. */
const MAX_JSON_BYTES = 6

/**
 * The JSON of a PutRecords request, written straight into one Buffer. A string body would be encoded
 * once more on its way to the socket, and the SDK's serializer walks its schema for each field.
 */
export const putRecordsBody = ({
  Records: records,
  StreamName,
  StreamARN,
}: PutRecordsRequest): Buffer => {
  const target =
    StreamARN === undefined
      ? `"StreamName":${JSON.stringify(StreamName)}`
      : `"StreamARN":${JSON.stringify(StreamARN)}`
  let size = target.length + 20
  for (const { Data, PartitionKey } of records)
    size += base64Length(Data.length) + PartitionKey.length * MAX_JSON_BYTES + RECORD_OVERHEAD
  const body = Buffer.allocUnsafeSlow(size)
  let at = body.write(`{${target},"Records":[`, 0, 'latin1')
  const group = new Base64Group()
  for (let from = 0; from < records.length; ) {
    let to = from
    for (let next = records[to]; next !== undefined && group.add(next.Data); next = records[to])
      to++
    if (to > from) at = writeGroup(body, at, records, from, to, group)
    else at = writeLarge(body, at, records, to++)
    from = to
  }
  at += body.write(']}', at, 'latin1')
  return body.subarray(0, at)
}

/** Records whose data was encoded together. */
const writeGroup = (
  body: Buffer,
  start: number,
  records: readonly WireRecord[],
  from: number,
  to: number,
  group: Base64Group,
): number => {
  group.encode()
  let at = start
  for (let i = from; i < to; i++) {
    const record = records[i]
    if (record === undefined) break
    at = writeAscii(body, i === 0 ? FIRST : NEXT, at)
    at = group.copyNext(record.Data.length, body, at)
    at = writeKeys(body, record, at)
  }
  group.clear()
  return at
}

const writeLarge = (
  body: Buffer,
  start: number,
  records: readonly WireRecord[],
  index: number,
): number => {
  const record = records[index]
  if (record === undefined) return start
  const at = writeAscii(body, index === 0 ? FIRST : NEXT, start)
  return writeKeys(body, record, writeBase64(record.Data, body, at))
}

const writeKeys = (
  body: Buffer,
  { PartitionKey, ExplicitHashKey }: WireRecord,
  start: number,
): number => {
  let at = writeAscii(body, KEY, start)
  const end = writePlain(body, PartitionKey, at)
  if (end > 0) at = end
  // Without the quotes, which are there already.
  else at += body.write(JSON.stringify(PartitionKey).slice(1, -1), at, 'utf8')
  if (ExplicitHashKey !== undefined)
    at = writeAscii(body, Buffer.from(`","ExplicitHashKey":"${ExplicitHashKey}`), at)
  return writeAscii(body, END, at)
}

const FIRST = Buffer.from('{"Data":"')
const NEXT = Buffer.from(',{"Data":"')
const KEY = Buffer.from('","PartitionKey":"')
const END = Buffer.from('"}')

/** A few bytes: cheaper than a call into Node. */
const writeAscii = (body: Uint8Array, text: Uint8Array, start: number): number => {
  for (let i = 0; i < text.length; i++) body[start + i] = text[i] ?? 0
  return start + text.length
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Writes a string that needs no escape and one byte a character; 0 if it is no such string. */
const writePlain = (body: Uint8Array, text: string, start: number): number => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return 0
    body[start + i] = code
  }
  return start + text.length
}
