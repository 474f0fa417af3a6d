import assert from 'node:assert/strict'
import type { PackingConfig, ProducerConfig } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { assertLaw, createHarness } from '../../support/core/harness.js'

const PACKINGS: readonly PackingConfig[] = [{ kind: 'concat' }, { kind: 'kpl' }]

/** How the Kinesis record fails, and what the culprit is dropped for. */
const FAILURES = [
  ['InvalidArgumentException', 'rejected'],
  ['InternalFailure', 'maxAttempts'],
] as const

const each = PACKINGS.flatMap(packing =>
  (['none', 'partitionKey'] as const).flatMap(ordering =>
    FAILURES.map(([code, reason]) => ({ packing, ordering, code, reason })),
  ),
)

describe('a Kinesis record that fails for one of those that share it', () => {
  for (const { packing, ordering, code, reason } of each) {
    for (const maxAttemptsPerRecord of [2, 10]) {
      it(`drops the culprit alone (${code}, ${maxAttemptsPerRecord} tries, ${packing.kind}, ordering ${ordering})`, async () => {
        const config: ProducerConfig = {
          packing,
          ordering,
          maxAttemptsPerRecord,
          batchSize: 1,
          flushInterval: 50,
        }
        const stored: string[] = []
        let number = 0
        const { producer, clock, dropped } = createHarness(config, request => ({
          Records: request.Records.map(({ Data }) => {
            const texts = [...decode(Data)].map(({ data }) => Buffer.from(data).toString())
            if (texts.includes('poison')) return { ErrorCode: code, ErrorMessage: 'too odd' }
            stored.push(...texts)
            return { SequenceNumber: String(++number), ShardId: 'shardId-000000000000' }
          }),
        }))
        producer.start()
        const keys = ['a', 'b']
        for (let i = 0; i < 60; i++)
          producer.tryAdd(i === 17 ? 'poison' : `r${i}`, keys[i % keys.length])
        const drain = producer.drain(60_000)
        await clock.advance(60_000)
        assert.equal((await drain).remaining, 0)
        assert.deepEqual(
          dropped.map(drop => [String(drop.record.data), drop.reason]),
          [['poison', reason]],
        )
        assert.equal(new Set(stored).size, 59)
        assert.equal(stored.length, 59)
        if (ordering === 'partitionKey') {
          for (const parity of [0, 1]) {
            const numbers = stored.map(text => Number(text.slice(1))).filter(n => n % 2 === parity)
            assert.deepEqual(
              numbers,
              numbers.toSorted((x, y) => x - y),
            )
          }
        }
        assertLaw(producer)
      })
    }
  }
})
