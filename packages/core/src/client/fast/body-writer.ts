import { createHash } from 'node:crypto'
import { nextTurn, oncePerTurn } from '../../time/next-turn.js'
import { markUnsent } from '../unsent.js'

/** Most bytes of bodies that are written between two turns of the event loop: a few milliseconds. */
const TURN_BYTES = 512 * 1024

/** What was written in this turn, by all clients: they share the event loop. */
const turn = { bytes: 0 }
const turnIsOver = oncePerTurn(() => {
  turn.bytes = 0
})

const spend = (bytes: number): void => {
  turn.bytes += bytes
  turnIsOver()
}

const isSpent = (): boolean => turn.bytes >= TURN_BYTES

/** A body that was written, and the hash of it that its signature wants. */
export interface WrittenBody {
  readonly body: Buffer
  /** SHA-256, in hexadecimal. */
  readonly hash: string
}

/**
 * Writes a body, and its hash along with it, in as many turns of the event loop as it needs: one of
 * 10 MiB would hold it up for tens of milliseconds. Bodies that are written at the same time take
 * turns in the order in which they were begun.
 *
 * @param steps writes the next part at each step and tells where it ends
 * @param signal aborted: the memory of the records may hold others by now, and is not read any more
 */
export const writeInTurns = async (
  steps: Generator<number, number>,
  room: Buffer,
  signal: AbortSignal | undefined,
): Promise<WrittenBody> => {
  const hash = createHash('sha256')
  let at = 0
  try {
    for (;;) {
      while (isSpent()) {
        await nextTurn()
        signal?.throwIfAborted()
      }
      const { value: end, done } = steps.next()
      hash.update(room.subarray(at, end))
      spend(end - at)
      at = end
      if (done === true) return { body: room.subarray(0, end), hash: hash.digest('hex') }
    }
  } catch (error) {
    throw markUnsent(error)
  }
}
