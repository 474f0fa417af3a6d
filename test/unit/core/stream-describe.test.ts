import assert from 'node:assert/strict'
import { openShardsOf, summaryOf } from '@kinesis-producer/core/internal/stream/describe'

const shard = (ShardId: unknown, from: unknown, to: unknown, ended?: string): object => ({
  ShardId,
  HashKeyRange: { StartingHashKey: from, EndingHashKey: to },
  SequenceNumberRange: { StartingSequenceNumber: '1', EndingSequenceNumber: ended },
})
const HALF = String(2n ** 127n)
const LAST = String(2n ** 128n - 1n)

describe('what a stream says of itself', () => {
  it('is its record limit and who distributes the records', () => {
    const answer = {
      StreamDescriptionSummary: { MaxRecordSizeInKiB: 2048, RecordDistributionStrategy: 'AUTO' },
    }
    assert.deepEqual(summaryOf(answer), { maxRecordBytes: 2_097_152, serviceDistributed: true })
  })

  for (const odd of [undefined, null, 'x', {}, { StreamDescriptionSummary: null }]) {
    it(`is nothing in an answer like ${JSON.stringify(odd)}`, () => {
      assert.deepEqual(summaryOf(odd), { maxRecordBytes: undefined, serviceDistributed: false })
    })
  }

  it('is its open shards, page by page', async () => {
    const pages: Record<string, unknown>[] = [
      { Shards: [shard('a', '0', HALF, '99'), shard('b', '0', HALF)], NextToken: 'more' },
      { Shards: [shard('c', HALF, LAST), shard(5, '0', '1'), shard('d', 'x', '1'), null] },
    ]
    const tokens: (string | undefined)[] = []
    const open = await openShardsOf(async token => {
      tokens.push(token)
      return pages.shift()
    })
    assert.deepEqual(tokens, [undefined, 'more'])
    assert.deepEqual(open, [
      { id: 'b', first: 0, last: 2 ** 47 },
      { id: 'c', first: 2 ** 47, last: 2 ** 48 - 1 },
    ])
  })

  it('ends, whatever tokens the answers have', async () => {
    let asked = 0
    await openShardsOf(async () => {
      asked++
      return { NextToken: 'again' }
    })
    assert.equal(asked, 100)
    assert.deepEqual(await openShardsOf(async () => ({ NextToken: '' })), [])
  })
})
