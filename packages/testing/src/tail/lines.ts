import { CorruptRecordError, type DecodeOptions, decode } from '@kinesis-producer/core/decode'
import type { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import type { TailSettings } from './settings.js'
import type { ShardRecord } from './shard-reader.js'

/** What was added as one record, or one log of an OTLP record. */
export interface TailLine {
  readonly shardId: string
  readonly partitionKey: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  /** Milliseconds since 1970; undefined where the endpoint does not say. */
  readonly arrivedAt: number | undefined
  readonly data: Uint8Array
  /** Of OTLP; `data` is its JSON then. */
  readonly log: Readonly<Record<string, unknown>> | undefined
  /** Why the Kinesis record could not be decoded: `data` is all of it. */
  readonly corrupt: string | undefined
}

/** `decodeLogs` of the OpenTelemetry exporter, if that is installed. */
export type LogDecoder = typeof decodeLogs
type Encoding = 'otlp-proto' | 'otlp-json'

/** The first bytes of OTLP: field 1 of protobuf, or this JSON. */
const PROTO_START = 0x0a
const JSON_START = '{"resourceLogs"'

const encodingOf = (data: Uint8Array): Encoding | undefined => {
  if (data[0] === PROTO_START) return 'otlp-proto'
  const start = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, JSON_START.length))
  return start.toString('latin1') === JSON_START ? 'otlp-json' : undefined
}

/** Takes Kinesis records apart into lines. */
export class LineReader {
  readonly #decode: TailSettings['decode']
  readonly #logs: LogDecoder | undefined

  constructor(how: TailSettings['decode'], logs: LogDecoder | undefined) {
    this.#decode = how
    this.#logs = logs
  }

  linesOf(record: ShardRecord): TailLine[] {
    try {
      return this.#logsOf(record) ?? linesOf(record, optionsOf(this.#decode))
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error
      return [line(record, { data: record.data, corrupt: error.message })]
    }
  }

  /** Undefined if it is no OTLP. */
  #logsOf(record: ShardRecord): TailLine[] | undefined {
    const how = this.#decode
    if (this.#logs === undefined || how === 'none' || how === 'concat' || how === 'kpl')
      return undefined
    if (how !== 'auto') return logLines(record, this.#logs(record.data, { encoding: how }))
    const lines: TailLine[] = []
    for (const { data } of decode(record.data, { terminator: false, onCorrupt: 'raw' })) {
      const encoding = encodingOf(data)
      if (encoding === undefined) return undefined
      try {
        lines.push(...logLines(record, this.#logs(data, { encoding }), lines.length))
      } catch {
        return undefined
      }
    }
    return lines.length > 0 ? lines : undefined
  }
}

/** Judged by its bytes, what cannot be decoded is shown as it is: it need not be ours. */
const optionsOf = (how: TailSettings['decode']): DecodeOptions =>
  how === 'none' || how === 'concat' || how === 'kpl' ? { packing: how } : { onCorrupt: 'raw' }

const linesOf = (record: ShardRecord, options: DecodeOptions): TailLine[] =>
  Array.from(decode(record.data, options), ({ data, partitionKey, subSequenceNumber }) =>
    line(record, { data, subSequenceNumber, ...(partitionKey !== undefined && { partitionKey }) }),
  )

const logLines = (record: ShardRecord, logs: ReturnType<LogDecoder>, from = 0): TailLine[] =>
  logs.map((log, i) => {
    const json = JSON.stringify(log)
    const plain: unknown = JSON.parse(json)
    return line(record, {
      data: Buffer.from(json),
      subSequenceNumber: from + i,
      log: isObject(plain) ? plain : {},
    })
  })

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const line = (
  { shardId, partitionKey, sequenceNumber, arrivedAt }: ShardRecord,
  own: Partial<TailLine> & Pick<TailLine, 'data'>,
): TailLine => ({
  shardId,
  partitionKey,
  sequenceNumber,
  arrivedAt,
  subSequenceNumber: 0,
  log: undefined,
  corrupt: undefined,
  ...own,
})
