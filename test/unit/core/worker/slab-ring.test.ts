import assert from 'node:assert/strict'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { IN_FLIGHT, SETTLED, SharedSlab } from '@kinesis-producer/core/internal/store/shared-slab'
import { createControl } from '@kinesis-producer/core/internal/worker/control'
import { recordIn } from '@kinesis-producer/core/internal/worker/held-record'
import type { SlabHandOver } from '@kinesis-producer/core/internal/worker/protocol'
import { SettledMarks } from '@kinesis-producer/core/internal/worker/settled-marks'
import { SlabRing } from '@kinesis-producer/core/internal/worker/slab-ring'
import fc from 'fast-check'

const BUFFER_BYTES = 1024 * 1024
const SMALL_SLAB = 32 * 1024

interface Written {
  readonly data: string | Uint8Array
  readonly key: string | undefined
  readonly hashKey: string | undefined
}

const written: fc.Arbitrary<Written> = fc.record({
  data: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }).map(text => text.toWellFormed()),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant('x'.repeat(SMALL_SLAB / 8 + 1)),
  ),
  key: fc.option(
    fc
      .oneof(fc.constant('k'), fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }))
      .map(key => key.toWellFormed()),
    { nil: undefined },
  ),
  hashKey: fc.option(fc.constantFrom('0', '340282366920938463463374607431768211455'), {
    nil: undefined,
  }),
})

/** Both sides in one thread: what one writes, the other sees in slabs of its own over the same memory. */
const bothSides = () => {
  const handed: SlabHandOver[] = []
  const ring = new SlabRing(BUFFER_BYTES, NO_FRAMING, message => {
    if (message.kind === 'slab') handed.push(message.slab)
  })
  let sequence = 0
  const write = ({ data, key, hashKey }: Written): number => {
    const size = typeof data === 'string' ? Buffer.byteLength(data) : data.length
    ring.write(data, key, hashKey, size, 0, false, ++sequence)
    return sequence
  }
  return { ring, write, handed, control: createControl() }
}

const asAdded = ({ data, key, hashKey }: Written): object => ({
  data: typeof data === 'string' ? data : Buffer.from(data),
  ...(key !== undefined && { partitionKey: key }),
  ...(hashKey !== undefined && { explicitHashKey: hashKey }),
})

describe('the shared slabs', () => {
  it('hold every record as it was added, in order, whatever was written before and settled in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ record: written, settles: fc.nat(40) }), { maxLength: 200 }),
        steps => {
          const { ring, write, control, handed } = bothSides()
          const marks = new SettledMarks(control)
          const live = new Map<number, Written>()
          for (const { record, settles } of steps) {
            live.set(write(record), record)
            ring.publish()
            // The other side settles some, in any order.
            ring.visit((slab, index) => {
              if ((slab.sequenceOf(index) * 7) % 41 >= settles) return
              live.delete(slab.sequenceOf(index))
              marks.add(slab, index, index + 1)
            })
            marks.tell()
          }
          const found: number[] = []
          ring.visit((slab, index) => {
            const sequence = slab.sequenceOf(index)
            found.push(sequence)
            assert.deepEqual(recordIn(slab, index), asAdded(live.get(sequence) ?? assert.fail()))
          })
          assert.deepEqual(found, [...live.keys()])
          assert.equal(ring.oldest()?.sequence, found[0])
          // The worker reads the same through its own views, but for what has memory of its own.
          for (const { shared, firstSequence } of handed) {
            const slab = new SharedSlab(shared)
            if (firstSequence !== found[0]) continue
            assert.equal(slab.readKey(0), live.get(firstSequence)?.key)
          }
        },
      ),
      { numRuns: 200, seed: 16 },
    )
  })

  it('are used again as soon as all of their records are settled, so that memory is bounded', () => {
    const { ring, write, control } = bothSides()
    const marks = new SettledMarks(control)
    const record = { data: 'x'.repeat(1000), key: 'k', hashKey: undefined }
    for (let i = 0; i < 20_000; i++) {
      assert.ok(ring.hasMemory(1000), `record ${i}`)
      write(record)
      if (i % 500 !== 499) continue
      ring.publish()
      ring.visit((slab, index) => marks.add(slab, index, index + 1))
      marks.tell()
    }
    assert.ok(ring.heldBytes + ring.pooledBytes <= 1.3 * BUFFER_BYTES)
  })

  it('take no more when they are full', () => {
    const { ring, write } = bothSides()
    let count = 0
    while (ring.hasMemory(1000) && count < 10_000) {
      write({ data: 'x'.repeat(1000), key: `${count}`, hashKey: undefined })
      count++
    }
    assert.ok(count >= 1000 && count < 2000, `${count} records of 1000 bytes`)
    assert.ok(ring.heldBytes <= 1.3 * BUFFER_BYTES)
  })

  it('forget the copy that a worker left behind when it ended while it moved a record', () => {
    const { ring, write } = bothSides()
    for (let i = 0; i < 3; i++) write({ data: `${i}`, key: 'k', hashKey: undefined })
    ring.publish()
    const survivors = new SharedSlab({
      id: -1,
      memory: new SharedArrayBuffer(1024),
      columns: new SharedArrayBuffer(1024 * 1024),
    })
    survivors.survivors = true
    ring.adopt(survivors.shared)
    survivors.ids[0] = 2
    survivors.memory.write('1', 0)
    survivors.starts[0] = 0
    survivors.lengths[0] = 1
    survivors.flags[0] = 1
    survivors.states[0] = IN_FLIGHT
    Atomics.store(survivors.header, 0, 1)
    ring.forgetCopies()
    const found: unknown[] = []
    ring.visit((slab, index) => found.push([slab.sequenceOf(index), recordIn(slab, index).data]))
    assert.deepEqual(found, [
      [2, '1'],
      [1, '0'],
      [3, '2'],
    ])
    const first = ring.handOver(true).find(({ survivors: moved }) => !moved)
    assert.equal(new SharedSlab(first?.shared ?? assert.fail()).states[1], SETTLED)
  })
})
