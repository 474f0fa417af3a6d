import { CorruptRecordError, decode, type EncodedRecord } from '@kinesis-producer/core/decode'
import { readOtlpJson } from './otlp-json.js'
import { readOtlpProto } from './otlp-proto.js'
import type { PlainLog } from './plain-log.js'

export interface DecodeLogsOptions {
  /**
   * What the logs were encoded in.
   * @default 'otlp-proto'
   */
  readonly encoding?: 'otlp-proto' | 'otlp-json' | undefined
}

/**
 * The logs of a Kinesis record (of `GetRecords`, a Lambda or a Firehose event), compressed or not,
 * as plain objects.
 * @throws {CorruptRecordError} if the record is something else
 */
export const decodeLogs = (
  record: EncodedRecord,
  { encoding = 'otlp-proto' }: DecodeLogsOptions = {},
): PlainLog[] => {
  const isProto = encoding === 'otlp-proto'
  const logs: PlainLog[] = []
  for (const { data } of decode(record, { terminator: isProto ? false : '\n' })) {
    try {
      logs.push(...(isProto ? readOtlpProto(data) : readOtlpJson(data)))
    } catch (error) {
      throw new CorruptRecordError(
        `no ${encoding}: ${error instanceof Error ? error.message : String(error)}`,
        error,
      )
    }
  }
  return logs
}
