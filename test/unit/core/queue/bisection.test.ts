import assert from 'node:assert/strict'
import { Bisection } from '@kinesis-producer/core/internal/queue/bisection'
import {
  admit,
  admitAll,
  answer,
  DROPPED,
  mustTake,
  namesOf,
  queueOf,
  REQUEUED,
  recordsOf,
  sequencesOf,
  take,
  takeNames,
} from '../../../support/core/queue.js'

const nextOf = (bisection: Bisection): number[] | undefined => {
  const part = bisection.next()
  return part === undefined ? undefined : sequencesOf(part)
}

describe('Bisection', () => {
  it('gives the halves of the newest split first, in order', () => {
    const bisection = new Bisection()
    const [a, b, c, d] = recordsOf(4)
    assert.ok(a && b && c && d)
    bisection.split([c], [d])
    bisection.split([a], [b])
    assert.equal(a.list?.home, 'part')
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => nextOf(bisection)),
      [[1], [2], [3], [4], undefined],
    )
  })

  it('leaves out a half that is empty, and parts whose records have all left', () => {
    const bisection = new Bisection()
    const [a, b, c] = recordsOf(3)
    assert.ok(a && b && c)
    bisection.split([a, b], [])
    bisection.split([c], [])
    c.list?.remove(c)
    assert.deepEqual(nextOf(bisection), [1, 2])
    assert.equal(nextOf(bisection), undefined)
  })

  it('puts a part of which nothing was learned behind the others, and what did not fit before them', () => {
    const bisection = new Bisection()
    const [a, b, c] = recordsOf(3)
    assert.ok(a && b && c)
    bisection.split([a, b], [c])
    bisection.putBack([...(bisection.next() ?? [])])
    assert.deepEqual(nextOf(bisection), [3])
    const part = bisection.next()
    assert.ok(part)
    bisection.split([c], [])
    part.remove(a)
    bisection.keep(part)
    assert.deepEqual(nextOf(bisection), [2])
    part.remove(b)
    bisection.keep(part)
    assert.deepEqual(nextOf(bisection), [3], 'not the empty part')
  })
})

describe('bisection of a request', () => {
  /** Sends until nothing is left; a request with a culprit fails. Returns the requests. */
  const send = (culprits: ReadonlySet<string>, count: number): string[][] => {
    const queue = queueOf()
    for (let i = 0; i < count; i++) admit(queue, String(i), `k${i}`)
    const requests: string[][] = []
    for (let batch = take(queue); batch !== undefined; batch = take(queue)) {
      const names = namesOf(batch.records)
      requests.push(names)
      if (!names.some(name => culprits.has(name))) queue.stored(batch)
      else if (names.length > 1) queue.bisect(batch)
      else answer(queue, batch, DROPPED)
    }
    assert.equal(queue.records, 0)
    return requests
  }

  it('finds one culprit among n in 2 log2 n requests and the first', () => {
    for (const culprit of [0, 1, 255, 256, 499, 511]) {
      const requests = send(new Set([String(culprit)]), 512)
      // 500 and 12 in two requests at first.
      assert.ok(requests.length <= 2 + 2 * 9, `${requests.length}`)
      const failed = requests.filter(names => names.includes(String(culprit)))
      assert.deepEqual(failed.at(-1), [String(culprit)])
    }
  })

  it('takes 2n - 1 requests when all are culprits', () => {
    const all = Array.from({ length: 32 }, (_, i) => String(i))
    assert.equal(send(new Set(all), 32).length, 63)
  })

  it('makes the first half the larger one', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c'])
    queue.bisect(mustTake(queue))
    assert.deepEqual(takeNames(queue), ['a', 'b'])
    assert.deepEqual(takeNames(queue), ['c'])
  })

  it('sends a part by itself, in turn with all else', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd'])
    queue.bisect(mustTake(queue))
    admitAll(queue, ['e', 'f'])
    const requests = [1, 2, 3, 4].map(() => take(queue, { limit: 3 }))
    assert.deepEqual(
      requests.map(batch => namesOf(batch?.records)),
      [['a', 'b'], ['e', 'f'], ['c', 'd'], []],
    )
    assert.deepEqual(
      requests.map(batch => batch?.isPart),
      [true, false, true, undefined],
    )
  })

  it('lets a part that failed for another reason wait behind the others', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd'])
    queue.bisect(mustTake(queue))
    queue.requeue(mustTake(queue))
    assert.deepEqual(takeNames(queue), ['c', 'd'])
    assert.deepEqual(takeNames(queue), ['a', 'b'])
  })

  it('keeps what does not fit into a request as a part, and lets it go next', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd', 'e', 'f'])
    queue.bisect(mustTake(queue))
    assert.deepEqual(takeNames(queue, { limit: 2 }), ['a', 'b'])
    const rest = mustTake(queue, { limit: 2 })
    assert.deepEqual(namesOf(rest.records), ['c'])
    assert.ok(rest.isPart)
    assert.deepEqual(takeNames(queue), ['d', 'e', 'f'])
  })

  it('skips records of a part that expired or were evicted', () => {
    const queue = queueOf({ recordTtl: 100 })
    admitAll(queue, ['a', 'b'], { at: 0 })
    admitAll(queue, ['c', 'd'], { at: 50 })
    queue.bisect(mustTake(queue))
    assert.deepEqual(namesOf(queue.expire(120)), ['a', 'b'])
    assert.equal(namesOf([queue.evictOldest(undefined)].flatMap(one => one ?? []))[0], 'c')
    assert.deepEqual(takeNames(queue), ['d'])
    assert.equal(take(queue), undefined)
  })

  it('ends for the records of a part that was answered: they go on with all others', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd'])
    queue.bisect(mustTake(queue))
    answer(queue, mustTake(queue), REQUEUED)
    queue.stored(mustTake(queue))
    const batch = mustTake(queue)
    assert.equal(batch.isPart, true)
    assert.deepEqual(namesOf(batch.records), ['c', 'd'])
  })
})
