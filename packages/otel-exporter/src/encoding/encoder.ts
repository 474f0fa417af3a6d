import type { AnyResource, AnyScope, LogFields } from './log-fields.js'

/** How logs become bytes. */
export const ENCODINGS = ['otlp-proto', 'otlp-json', 'json'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Logs of one resource and scope, encoded one after the other. */
export interface LogChunk {
  readonly logs: number
  /** What it would weigh if it ended now. */
  readonly bytes: number
  /**
   * Encodes a log: what it looks like now is what is sent. Never throws. A log that is larger than
   * `maxBytes` is written in part, and then the chunk is larger than that.
   */
  add(log: LogFields): void
  /** Takes the last log out again. */
  undo(): void
  /**
   * The data; the chunk is empty afterwards. Bytes are in memory that the encoder's next chunk is
   * written to: fresh memory costs several times what encoding does.
   */
  finish(): Uint8Array | string
}

/** Makes chunks; logs that share resource and scope may share one. */
export interface LogEncoder {
  /** What stands between two chunks that are put into one Kinesis record. */
  readonly terminator: string
  readonly costs: Costs
  /** @param maxBytes most bytes of the chunk */
  open(resource: AnyResource, scope: AnyScope, maxBytes: number): LogChunk
}

/** Bytes that contents take in an encoding, beside what surrounds them. */
export interface Costs {
  text(text: string): number
  bytes(count: number): number
}

export interface EncoderOptions {
  /** A resource or scope was so large that it left no room for logs, and was shortened. */
  readonly shortened?: (part: 'resource' | 'scope') => void
}
