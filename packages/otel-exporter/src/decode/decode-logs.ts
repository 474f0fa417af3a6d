import { checkInteger, checkKeys, checkOneOf } from '@kinesis-producer/core/adapter/rules'
import { CorruptRecordError, decode, type EncodedRecord } from '@kinesis-producer/core/decode'
import { Limits } from './limits.js'
import { readOtlpJson } from './otlp-json.js'
import { readOtlpProto } from './otlp-proto.js'
import type { PlainLog } from './plain-log.js'

export interface DecodeLogsOptions {
  /**
   * What the logs were encoded in.
   * @default 'otlp-proto'
   */
  readonly encoding?: 'otlp-proto' | 'otlp-json' | undefined
  /**
   * Most bytes a compressed record may become.
   * @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number | undefined
  /**
   * Most logs of one Kinesis record. Our exporter writes fewer.
   * @default 1000000
   */
  readonly maxLogs?: number | undefined
  /**
   * Most values of one Kinesis record: attributes and items of arrays; of OTLP JSON, commas and
   * opening brackets. Our exporter writes fewer, unless a log has an array of millions.
   * @default 6000000
   */
  readonly maxValues?: number | undefined
}

const MAX_LOGS = 1_000_000
const MAX_VALUES = 6_000_000
const ANY = Number.MAX_SAFE_INTEGER

/**
 * The logs of a Kinesis record (of `GetRecords`, a Lambda or a Firehose event, and whatever else
 * `decode` of the core takes), compressed or not, as plain objects. Times, and whole numbers beyond
 * 2^53, are bigints; `JSON.stringify` of a log, or of all, writes them as text and bytes as base64.
 * @throws {CorruptRecordError} if the record is something else, or larger than the options allow
 * @throws {ConfigError} an option is unknown or wrong
 * @throws {InvalidRecordError} not a record in any known form
 */
export const decodeLogs = (record: EncodedRecord, options: DecodeLogsOptions = {}): PlainLog[] => {
  checkKeys('DecodeLogsOptions', options, ['encoding', 'maxBytes', 'maxLogs', 'maxValues'])
  const encoding = checkOneOf('encoding', options.encoding ?? 'otlp-proto', [
    'otlp-proto',
    'otlp-json',
  ])
  const limits = new Limits(
    checkInteger('maxLogs', options.maxLogs ?? MAX_LOGS, 1, ANY),
    checkInteger('maxValues', options.maxValues ?? MAX_VALUES, 1, ANY),
  )
  const isProto = encoding === 'otlp-proto'
  const read = isProto ? readOtlpProto : readOtlpJson
  const logs: PlainLog[] = []
  const { maxBytes } = options
  for (const { data } of decode(record, { terminator: isProto ? false : '\n', maxBytes })) {
    try {
      read(data, logs, limits)
    } catch (error) {
      throw new CorruptRecordError(`no ${encoding}: ${messageOf(error)}`, error)
    }
  }
  return logs
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error instanceof CorruptRecordError
    ? error.message.replace('the record cannot be decoded: ', '')
    : error.message
}
