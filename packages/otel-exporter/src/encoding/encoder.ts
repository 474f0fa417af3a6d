import type { ReadableLogRecordLike } from '../log-record.js'

/** How logs become bytes. */
export const ENCODINGS = ['otlp-proto', 'otlp-json', 'json'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Logs of one resource and scope, encoded one after the other. */
export interface LogChunk {
  readonly logs: number
  /** What it would weigh if it ended now. */
  readonly bytes: number
  /** Encodes a log: what it looks like now is what is sent. Never throws. */
  add(log: ReadableLogRecordLike): void
  /** Takes the last log out again. */
  undo(): void
  /** The bytes, of their own memory; the chunk is empty afterwards. */
  finish(): Buffer
}

/** Makes chunks; logs that share resource and scope may share one. */
export interface LogEncoder {
  /** What stands between two chunks that are put into one Kinesis record. */
  readonly terminator: string
  open(of: Pick<ReadableLogRecordLike, 'resource' | 'instrumentationScope'>): LogChunk
}
