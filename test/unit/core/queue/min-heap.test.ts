import assert from 'node:assert/strict'
import { MinHeap } from '@kinesis-producer/core/internal/queue/min-heap'
import fc from 'fast-check'

const heapOf = (items: readonly number[]): MinHeap<number> => {
  const heap = new MinHeap<number>((a, b) => a < b)
  for (const item of items) heap.push(item)
  return heap
}

const popAll = (heap: MinHeap<number>): number[] => {
  const popped: number[] = []
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) popped.push(item)
  return popped
}

const ascending = (items: readonly number[]): number[] => items.toSorted((a, b) => a - b)

const items = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60, size: 'max' })

describe('MinHeap', () => {
  it('gives back what it was given, the least first', () => {
    fc.assert(
      fc.property(items, all => {
        const heap = heapOf(all)
        assert.equal(heap.size, all.length)
        assert.deepEqual(ascending(heap.items), ascending(all))
        assert.deepEqual(popAll(heap), ascending(all))
        assert.equal(heap.size, 0)
      }),
    )
  })

  it('keeps the least at the top through pushes, pops and filters in any order', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), item: fc.nat(50) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('pop' as const), item: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('filter' as const), item: fc.nat(50) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), all => {
        const heap = heapOf([])
        let model: number[] = []
        for (const { do: what, item } of all) {
          if (what === 'push') {
            heap.push(item)
            model.push(item)
          } else if (what === 'pop') {
            model = ascending(model)
            assert.equal(heap.pop(), model.shift())
          } else {
            heap.filter(each => each <= item)
            model = model.filter(each => each <= item)
          }
          assert.equal(heap.size, model.length)
          assert.equal(heap.peek(), ascending(model)[0])
        }
        assert.deepEqual(popAll(heap), ascending(model))
      }),
    )
  })

  it('compares once for an item that is larger than all others', () => {
    let compared = 0
    const heap = new MinHeap<number>((a, b) => {
      compared++
      return a < b
    })
    for (let i = 0; i < 1000; i++) heap.push(i)
    assert.equal(compared, 999)
  })

  it('takes a number of comparisons that grows with the logarithm of its size', () => {
    let compared = 0
    const heap = new MinHeap<number>((a, b) => {
      compared++
      return a < b
    })
    for (let i = 0; i < 1024; i++) heap.push(1024 - i)
    compared = 0
    heap.pop()
    assert.ok(compared <= 20, `${compared}`)
  })

  it('is empty after its last item', () => {
    const heap = heapOf([3])
    assert.equal(heap.pop(), 3)
    assert.equal(heap.pop(), undefined)
    assert.equal(heap.peek(), undefined)
    assert.equal(heap.size, 0)
  })
})
