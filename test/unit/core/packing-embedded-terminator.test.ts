import assert from 'node:assert/strict'
import type { ConcatPacking } from '@kinesis-producer/core'
import fc from 'fast-check'
import { createHarness } from '../../support/core/harness.js'

const producerOf = (packing: Omit<ConcatPacking, 'kind'>) => {
  const { producer } = createHarness({ packing: { kind: 'concat', ...packing } })
  producer.start()
  return producer
}

describe('packing.embeddedTerminator', () => {
  it('admits records that contain the terminator, unless it is told to refuse them', async () => {
    for (const packing of [{}, { embeddedTerminator: 'admit' as const }]) {
      const producer = producerOf(packing)
      assert.equal(producer.tryAdd('a\nb'), true)
      await producer.close(0)
    }
    const producer = producerOf({ embeddedTerminator: 'refuse' })
    for (const data of ['a\nb', '\n\n', 'a\nb\n', Buffer.from('a\nb'), Uint8Array.of(10, 10)])
      await assert.rejects(producer.add(data), {
        code: 'INVALID_RECORD',
        message: /contains packing\.terminator at [01], before its end.*embeddedTerminator/,
      })
    for (const data of ['', 'a', 'a\n', '\n', 'ключ\n', Buffer.from('a\n'), Uint8Array.of(10)])
      await producer.add(data)
    assert.equal(producer.tryAdd('a\nb'), false)
    assert.equal(producer.stats().admitted, 7)
    await producer.close(0)
  })

  it('counts a terminator that record and terminator make together', async () => {
    const producer = producerOf({ terminator: '||', embeddedTerminator: 'refuse' })
    for (const data of ['a|', '|', '|||', Buffer.from('a|')])
      await assert.rejects(producer.add(data), { code: 'INVALID_RECORD' })
    for (const data of ['a', 'a||', '|a', 'a|b', Buffer.from('a||')]) await producer.add(data)
    await producer.close(0)
  })

  it('judges a text as its UTF-8 is judged', async () => {
    const terminators = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '|', '\n', 'é', '🔑'), minLength: 1, maxLength: 3 }),
      fc.uint8Array({ minLength: 1, maxLength: 2 }),
    )
    const text = fc.string({ unit: fc.constantFrom('a', '|', '\n', 'é', '🔑', '\ud800', 'b') })
    await fc.assert(
      fc.asyncProperty(terminators, text, async (terminator, data) => {
        const producer = producerOf({ terminator, embeddedTerminator: 'refuse' })
        const written = Buffer.from(data)
        const end = Buffer.from(terminator)
        const ended = written.subarray(-end.length).equals(end)
        const whole = ended ? written : Buffer.concat([written, end])
        const expected = whole.indexOf(end) === whole.length - end.length
        assert.equal(producer.tryAdd(data), expected)
        assert.equal(producer.tryAdd(written), expected)
        await producer.close(0)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused where there is no terminator, or with another value', () => {
    assert.throws(
      () => producerOf({ terminator: '', embeddedTerminator: 'refuse' }),
      /embeddedTerminator 'refuse' needs a packing\.terminator that is not empty/,
    )
    // @ts-expect-error no such value
    assert.throws(() => producerOf({ embeddedTerminator: 'drop' }), /must be one of admit, refuse/)
    assert.throws(() => producerOf({ maxRecords: 1_000_001 }), /between 1 and 1000000/)
  })
})
