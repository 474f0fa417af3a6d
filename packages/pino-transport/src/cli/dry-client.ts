import type { BatchingKinesisClient } from '@kinesis-producer/core'
import type { PinoKinesisOptions } from '../options.js'

/** A client that sends nothing and accepts everything. */
export class DryClient implements BatchingKinesisClient {
  records = 0
  bytes = 0

  putRecords: BatchingKinesisClient['putRecords'] = ({ Records }) => {
    this.records += Records.length
    for (const { Data } of Records) this.bytes += Buffer.byteLength(Data)
    return Promise.resolve({
      FailedRecordCount: 0,
      Records: Records.map(() => ({ ShardId: 'shardId-000000000000', SequenceNumber: '0' })),
    })
  }
}

/** Options (checked before) of a run that sends nothing and writes no file. */
export const dryOptions = (
  options: PinoKinesisOptions,
): { client: DryClient; options: PinoKinesisOptions } => {
  const client = new DryClient()
  const { oversize } = options
  return {
    client,
    options: {
      ...options,
      region: undefined,
      endpoint: undefined,
      credentials: undefined,
      roleArn: undefined,
      roleSessionName: undefined,
      externalId: undefined,
      wireFormat: undefined,
      deadLetterFile: undefined,
      oversize: oversize === 'deadLetter' ? 'drop' : oversize,
      client,
    },
  }
}
