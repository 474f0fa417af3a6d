import { isPack, type OutgoingRecord, writeData } from '../../packing/outgoing.js'
import { Base64Group, Base64Sink, base64Length } from './base64.js'
import type { OutgoingRequest } from './wire.js'

/** Most bytes of the punctuation and field names of one record, hash key included. */
const RECORD_OVERHEAD = 110
/** A character of a key takes at most 6 bytes in JSON: `\u0000`. */
const MAX_JSON_BYTES = 6

const beginOf = ({ StreamName, StreamARN }: OutgoingRequest): string =>
  StreamARN === undefined
    ? `{"StreamName":${JSON.stringify(StreamName)},"Records":[`
    : `{"StreamARN":${JSON.stringify(StreamARN)},"Records":[`

export const maxJsonBytes = (request: OutgoingRequest): number => {
  let size = beginOf(request).length + 20
  for (const record of request.Records)
    size +=
      base64Length(record.size) + record.PartitionKey.length * MAX_JSON_BYTES + RECORD_OVERHEAD
  return size
}

/**
 * The JSON of a PutRecords request, written straight into a buffer. A string body would be encoded
 * once more on its way to the socket, and the SDK's serializer walks its schema for each field.
 */
export function* writeJsonBody(request: OutgoingRequest, body: Buffer): Generator<number, number> {
  const { Records: records } = request
  let at = body.write(beginOf(request), 0, 'latin1')
  const small = new Base64Group()
  for (let from = 0; from < records.length; ) {
    const to = addSmall(records, from, small)
    if (to > from) at = writeSmall(body, at, small, from === 0)
    else at = yield* writeLarge(body, at, records[from], from === 0)
    from = Math.max(to, from + 1)
    yield at
  }
  return at + body.write(']}', at, 'latin1')
}

/** Adds whole records from this index on, as many as the group takes; returns where it stopped. */
const addSmall = (records: readonly OutgoingRecord[], from: number, group: Base64Group): number => {
  let at = from
  for (
    let record = records[at];
    record !== undefined && !isPack(record) && group.add(record);
    record = records[at]
  )
    at++
  return at
}

/** The records whose data was encoded together. */
const writeSmall = (body: Buffer, start: number, group: Base64Group, first: boolean): number => {
  group.encode()
  let at = start
  for (const record of group.records) {
    at = writeAscii(body, first && at === start ? FIRST : NEXT, at)
    at = group.copyNext(record.size, body, at)
    at = writeKeys(body, record, at)
  }
  group.clear()
  return at
}

function* writeLarge(
  body: Buffer,
  start: number,
  record: OutgoingRecord | undefined,
  first: boolean,
): Generator<number, number> {
  if (record === undefined) return start
  const sink = new Base64Sink(body, writeAscii(body, first ? FIRST : NEXT, start))
  for (const _ of writeData(record, sink)) yield sink.at
  return writeKeys(body, record, sink.end())
}

const writeKeys = (
  body: Buffer,
  { PartitionKey, ExplicitHashKey }: OutgoingRecord,
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
export const writePlain = (body: Uint8Array, text: string, start: number): number => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return 0
    body[start + i] = code
  }
  return start + text.length
}
