import type { BatchingKinesisClient } from '@kinesis-producer/core'

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
