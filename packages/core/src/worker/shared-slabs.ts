import {
  CLOSED,
  PUBLISHED,
  SETTLED,
  SETTLED_COUNT,
  type SharedMemory,
  SharedSlab,
  shareMemory,
} from '../store/shared-slab.js'
import type { SlabSource } from '../store/slab-store.js'
import { RemoteWaiter } from './remote-settlement.js'

/** Slabs that one worker may make: their ids must not be those of another. */
const IDS_OF_A_WORKER = 1e9

/**
 * In the worker, records are in the slabs of the main thread; new ones are made only for records that
 * are moved, and those are shared as well.
 */
export const sharedSlabs = (life: number, announce: (shared: SharedMemory) => void): SlabSource => {
  let made = 0
  return {
    pools: false,
    open: bytes => {
      const slab = new SharedSlab(shareMemory(-(life * IDS_OF_A_WORKER + made++), bytes))
      announce(slab.shared)
      return slab
    },
    moved: (from, fromIndex, to) => {
      if (!(from instanceof SharedSlab) || !(to instanceof SharedSlab)) return
      const index = to.count - 1
      to.ids[index] = from.sequenceOf(fromIndex)
      to.states[index] = from.states[fromIndex] ?? 0
      to.deaths[index] = from.deaths[fromIndex] ?? 0
      to.copyKeys(index, from, fromIndex)
      const waiter = to.extras?.get(index)?.waiter
      if (waiter instanceof RemoteWaiter) {
        waiter.slab = to
        waiter.index = index
      }
      // First there, and then no longer here: if this thread ends in between, there are two.
      Atomics.store(to.header, PUBLISHED, to.count)
      from.states[fromIndex] = SETTLED
      Atomics.add(from.header, SETTLED_COUNT, 1)
    },
    closed: slab => {
      if (slab instanceof SharedSlab && slab.survivors) Atomics.store(slab.header, CLOSED, 1)
    },
  }
}
