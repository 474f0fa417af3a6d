import assert from 'node:assert/strict'
import { BatchProducer, type PackingConfig } from '@kinesis-producer/core'
import { maxDataBytes, offer } from '@kinesis-producer/core/adapter'
import fc from 'fast-check'
import { FakeClient } from '../../../support/core/fake-client.js'

const MIB = 1024 * 1024
const PACKINGS: readonly PackingConfig[] = [
  { kind: 'none' },
  { kind: 'concat' },
  { kind: 'concat', terminator: '' },
  { kind: 'concat', terminator: 'µµ' },
  { kind: 'concat', compression: 'gzip' },
  { kind: 'kpl' },
]

describe('maxDataBytes', () => {
  it('is the size of the largest data that is admitted, whatever the packing, limits and key', async () => {
    const key = fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), {
      nil: undefined,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PACKINGS),
        fc.integer({ min: MIB, max: 3 * MIB }),
        fc.nat(2000),
        key,
        async (packing, maxRecordBytes, more, partitionKey) => {
          const producer = new BatchProducer(new FakeClient(), 's', {
            packing,
            maxRecordBytes,
            bufferBytes: maxRecordBytes + more,
            logger: false,
          })
          producer.start()
          const most = maxDataBytes(producer, partitionKey)
          assert.ok(most > 0 && most <= maxRecordBytes)
          const offered = (bytes: number): string =>
            offer(producer, Buffer.alloc(bytes, 'x'), partitionKey)
          assert.equal(offered(most + 1), 'tooLarge')
          assert.equal(offered(most), 'admitted')
          await producer.close(1)
        },
      ),
      { numRuns: 30 },
    )
  })
})
