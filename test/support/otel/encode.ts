import type { ReadableLogRecordLike } from '@kinesis-producer/otel-exporter'
import { Chunker } from '@kinesis-producer/otel-exporter/internal/encoding/chunker'
import type {
  EncoderOptions,
  Encoding,
  LogEncoder,
} from '@kinesis-producer/otel-exporter/internal/encoding/encoder'
import { FlatJsonEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/flat-json'
import { OtlpJsonEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/otlp-json'
import { OtlpProtoEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/otlp-proto'

/** What became of logs. */
export interface Encoded {
  readonly chunks: readonly Buffer[]
  readonly logs: number
  /** What was shortened, in order. */
  readonly shortened: readonly string[]
  readonly tooLarge: number
}

export const ENCODERS: Readonly<Record<Encoding, (options: EncoderOptions) => LogEncoder>> = {
  'otlp-proto': options => new OtlpProtoEncoder(options),
  'otlp-json': options => new OtlpJsonEncoder(options),
  json: options => new FlatJsonEncoder(options),
}

export const LIMIT = 1_000_000

/** Logs through an encoder of their own, as exporter and processor do it. */
export const encode = (
  encoding: Encoding,
  logs: readonly ReadableLogRecordLike[],
  maxBytes: number = LIMIT,
  oversize: 'truncate' | 'drop' = 'truncate',
): Encoded => {
  const chunks: Buffer[] = []
  const shortened: string[] = []
  let [count, tooLarge] = [0, 0]
  const chunker = new Chunker({
    encoder: ENCODERS[encoding]({ shortened: part => void shortened.push(part) }),
    maxBytes: () => maxBytes,
    oversize,
    full: ({ data, logs: of }) => {
      chunks.push(Buffer.from(data))
      count += of
    },
    shortened: () => void shortened.push('log'),
    tooLarge: () => void tooLarge++,
  })
  for (const log of logs) chunker.add(log, undefined)
  chunker.flush()
  return { chunks, logs: count, shortened, tooLarge }
}

/** The lines of all chunks. */
export const linesOf = (chunks: readonly Buffer[]): string[] =>
  Buffer.concat(chunks)
    .toString()
    .split('\n')
    .filter(line => line !== '')
