import { cbor } from '@smithy/core/cbor'
import { BufferSink, type OutgoingRecord, STEP_BYTES, writeData } from '../../packing/outgoing.js'
import type { PutRecordsResponse } from '../client-types.js'
import { tellsAllStored } from './cbor-answer.js'
import type { OutgoingRequest, Wire } from './wire.js'

/** A character takes at most 3 bytes of UTF-8. */
const MAX_UTF8_BYTES = 3
/** Most bytes of the names and lengths of one record, hash key included. */
const RECORD_OVERHEAD = 100

/** Major types, in the upper 3 bits of an item's first byte (RFC 8949, 3.1). */
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5

const item = (text: string): Buffer =>
  Buffer.from([(TEXT << 5) | text.length, ...Buffer.from(text)])
const DATA = item('Data')
const PARTITION_KEY = item('PartitionKey')
const EXPLICIT_HASH_KEY = item('ExplicitHashKey')
const RECORDS = item('Records')

/**
 * `application/x-amz-cbor-1.1`, which the AWS SDK for Java and the KCL speak with Kinesis: the data
 * goes as it is, without base64, so a quarter less is signed, sent and encrypted.
 */
export const CBOR_WIRE: Wire = {
  contentType: 'application/x-amz-cbor-1.1',

  maxBodyBytes: ({ Records, StreamName, StreamARN }) => {
    let size = 64 + (StreamARN ?? StreamName ?? '').length * MAX_UTF8_BYTES
    for (const record of Records)
      size += record.size + record.PartitionKey.length * MAX_UTF8_BYTES + RECORD_OVERHEAD
    return size
  },

  *writeBody({ Records, StreamName, StreamARN }: OutgoingRequest, body) {
    const sink = new BufferSink(body, 0)
    writeHead(sink, MAP, 2)
    sink.bytes(item(StreamARN === undefined ? 'StreamName' : 'StreamARN'))
    writeText(sink, StreamARN ?? StreamName ?? '')
    sink.bytes(RECORDS)
    writeHead(sink, ARRAY, Records.length)
    let told = 0
    for (const record of Records) {
      yield* writeRecord(sink, record)
      if (sink.at - told < STEP_BYTES) continue
      told = sink.at
      yield told
    }
    return sink.at
  },

  tellsAllStored,

  parse: (answer): PutRecordsResponse => cbor.deserialize(answer),
}

function* writeRecord(sink: BufferSink, record: OutgoingRecord): Generator<number, void> {
  const { PartitionKey, ExplicitHashKey } = record
  writeHead(sink, MAP, ExplicitHashKey === undefined ? 2 : 3)
  sink.bytes(DATA)
  writeHead(sink, BYTES, record.size)
  for (const _ of writeData(record, sink)) yield sink.at
  sink.bytes(PARTITION_KEY)
  writeText(sink, PartitionKey)
  if (ExplicitHashKey === undefined) return
  sink.bytes(EXPLICIT_HASH_KEY)
  writeText(sink, ExplicitHashKey)
}

const writeText = (sink: BufferSink, text: string): void => {
  writeHead(sink, TEXT, Buffer.byteLength(text, 'utf8'))
  sink.text(text)
}

/** The first bytes of an item: its type and its length, as short as they can be. */
const writeHead = (sink: BufferSink, type: number, length: number): void => {
  const major = type << 5
  if (length < 24) return sink.byte(major | length)
  const bytes = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 4
  sink.byte(major | (bytes === 1 ? 24 : bytes === 2 ? 25 : 26))
  for (let shift = (bytes - 1) * 8; shift >= 0; shift -= 8) sink.byte((length >>> shift) & 0xff)
}
