import { hash } from 'node:crypto'
import type { WireRecord } from '../record/wire-record.js'

/** Takes the bytes of a record, one part after the other. */
export interface ByteSink {
  byte(value: number): void
  bytes(data: Uint8Array): void
  /** Part of a larger memory. */
  run(memory: Buffer, from: number, to: number): void
  /** Writes it as UTF-8. */
  text(data: string): void
  /** What is written from here on counts for the digest. */
  beginDigest(): void
  /** Writes the MD5 of what was written since `beginDigest`. */
  writeDigest(): void
}

/** A Kinesis record whose data lies in one piece: `size` bytes of the memory, from `start` on. */
export interface PlainRecord {
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  readonly memory: Buffer
  readonly start: number
  readonly size: number
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
  /** Writes it in steps of about `STEP_BYTES`: between two of them, others may have their turn. */
  writeTo(sink: ByteSink): Generator<void, void>
}

/**
 * A Kinesis record as the packers make it. It points into memory that is used for other records once
 * its user records are settled: read it before that, or make a copy.
 */
export type OutgoingRecord = PlainRecord | PackRecord

/** Bytes that are written in one step. A multiple of 3, so that base64 needs no copy. */
export const STEP_BYTES: number = 72 * 1024

/** Writes the data of any record, in steps. */
export function* writeData(record: OutgoingRecord, sink: ByteSink): Generator<void, void> {
  if (isPack(record)) return yield* record.writeTo(sink)
  const { memory, start, size } = record
  for (let at = start; at < start + size; at += STEP_BYTES) {
    if (at > start) yield
    sink.run(memory, at, Math.min(start + size, at + STEP_BYTES))
  }
}

/** Takes all steps at once. */
export const finish = <T>(steps: Generator<unknown, T>): T => {
  for (;;) {
    const { value, done } = steps.next()
    if (done === true) return value
  }
}

export const isPack = (record: OutgoingRecord): record is PackRecord => 'writeTo' in record

/** Writes the record into memory of its own, for clients that know whole records only. */
export const toWireRecord = (record: OutgoingRecord): WireRecord => {
  const { PartitionKey, ExplicitHashKey, size } = record
  const sink = new BufferSink(Buffer.allocUnsafeSlow(size), 0)
  finish(writeData(record, sink))
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

  run(memory: Buffer, from: number, to: number): void {
    this.at += memory.copy(this.buffer, this.at, from, to)
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
