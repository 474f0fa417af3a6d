import type { BatchingKinesisClient } from '@kinesis-producer/core'

/** Stores nothing, and says at once that all is stored. */
export const createClient = (): BatchingKinesisClient => ({
  putRecords: ({ Records }) =>
    Promise.resolve({
      FailedRecordCount: 0,
      Records: Records.map(() => ({ ShardId: 'shardId-000000000000', SequenceNumber: '1' })),
    }),
})
