import { hash } from 'node:crypto'
import type { WireRecord } from '../record/wire-record.js'

/** Takes the bytes of a record, one part after the other. */
export interface ByteSink {
  byte(value: number): void
  bytes(data: Uint8Array): void
  /** Writes it as UTF-8. */
  text(data: string): void
  /** What is written from here on counts for the digest. */
  beginDigest(): void
  /** Writes the MD5 of what was written since `beginDigest`. */
  writeDigest(): void
}

/**
 * A Kinesis record of many user records. Its data exists only once: it is written straight into the
 * body of the request.
 */
export interface PackRecord {
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  /** Bytes of its data: exactly what `writeTo` writes. */
  readonly size: number
  writeTo(sink: ByteSink): void
}

/** A Kinesis record as the packers make it. */
export type OutgoingRecord = WireRecord | PackRecord

export const isPack = (record: OutgoingRecord): record is PackRecord => 'writeTo' in record

export const sizeOf = (record: OutgoingRecord): number =>
  isPack(record) ? record.size : record.Data.length

/** Writes the record into memory of its own, for clients that know whole records only. */
export const toWireRecord = (record: OutgoingRecord): WireRecord => {
  if (!isPack(record)) return record
  const { PartitionKey, ExplicitHashKey } = record
  const sink = new BufferSink(Buffer.allocUnsafeSlow(record.size), 0)
  record.writeTo(sink)
  return {
    Data: sink.buffer,
    PartitionKey,
    ...(ExplicitHashKey !== undefined && { ExplicitHashKey }),
  }
}

/** Writes into a buffer that is large enough for all. */
export class BufferSink implements ByteSink {
  readonly buffer: Buffer
  at: number
  #digestFrom = 0

  constructor(buffer: Buffer, at: number) {
    this.buffer = buffer
    this.at = at
  }

  byte(value: number): void {
    this.buffer[this.at++] = value
  }

  bytes(data: Uint8Array): void {
    this.buffer.set(data, this.at)
    this.at += data.length
  }

  text(data: string): void {
    this.at += this.buffer.write(data, this.at, 'utf8')
  }

  beginDigest(): void {
    this.#digestFrom = this.at
  }

  writeDigest(): void {
    this.bytes(hash('md5', this.buffer.subarray(this.#digestFrom, this.at), 'buffer'))
  }
}
