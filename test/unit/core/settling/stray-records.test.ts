import assert from 'node:assert/strict'
import type { RecordResult } from '@kinesis-producer/core/internal/client/answer'
import { strayRecords } from '@kinesis-producer/core/internal/settling/stray-records'

const stored = (shardId: string): RecordResult => ({ kind: 'stored', shardId, sequenceNumber: '1' })
const FAILED: RecordResult = { kind: 'failed', code: 'InternalFailure', message: 'no' }

/** Two aggregates, made for the shards `a` and `b`: records 0, 1 and 3 travel in the first. */
const stray = (
  results: readonly RecordResult[],
  shards: readonly (string | undefined)[] | undefined = ['a', 'b'],
  carriers: readonly number[] | undefined = [0, 0, 1, 0, 1],
): number[] => [...strayRecords({ carriers, shards }, results)]

describe('records of aggregates that landed in another shard', () => {
  it('are none where each aggregate landed as predicted', () => {
    assert.deepEqual(stray([stored('a'), stored('b')]), [])
  })

  it('are all of the aggregate but the first, whose hash key decided', () => {
    assert.deepEqual(stray([stored('c'), stored('b')]), [1, 3])
    assert.deepEqual(stray([stored('c'), stored('d')]), [1, 3, 4])
  })

  it('are none of an aggregate that failed', () => {
    assert.deepEqual(stray([FAILED, stored('c')]), [4])
  })

  it('are none of an aggregate that may be anywhere', () => {
    assert.deepEqual(stray([stored('c'), stored('c')], ['a', undefined]), [1, 3])
  })

  it('are none where nothing was predicted, and where records travel alone', () => {
    const results = [stored('c'), stored('c')]
    assert.deepEqual([...strayRecords({ carriers: [0, 0], shards: undefined }, results)], [])
    assert.deepEqual([...strayRecords({ carriers: undefined, shards: ['a'] }, results)], [])
  })

  it('are none of which the answer says nothing', () => {
    assert.deepEqual(stray([]), [])
  })
})
