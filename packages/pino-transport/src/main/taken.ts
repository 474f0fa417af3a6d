import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import type { WorkerStream } from './messages.js'

/** Where thread-stream keeps its two indexes, in all of its versions 3 and 4. */
const WRITE_INDEX = 4
const READ_INDEX = 8
const POLL_MS = 2

/**
 * Whether the worker has read all that was written to the stream. thread-stream's own `flush` does
 * not wait for what it holds in the main thread (before 4.1), so its state is read. Undefined if it
 * is not as we know it.
 */
const isTaken = (stream: WorkerStream): boolean | undefined => {
  const name = Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'kImpl',
  )
  const own: unknown = name && Reflect.get(stream, name)
  if (typeof own !== 'object' || own === null) return undefined
  const held: unknown =
    'bufLen' in own ? own.bufLen : Reflect.get(Object(Reflect.get(own, 'buf')), 'length')
  const state: unknown = Reflect.get(own, 'state')
  if (typeof held !== 'number' || !(state instanceof Int32Array)) return undefined
  return held === 0 && Atomics.load(state, READ_INDEX) === Atomics.load(state, WRITE_INDEX)
}

/**
 * Waits until the worker has read all that was written to the stream; false if it had not by then,
 * or nobody knows. The process stays alive meanwhile.
 * @param until when to give up, by `performance.now()`
 */
export const taken = async (stream: WorkerStream, until: number): Promise<boolean> => {
  for (let turns = 0; performance.now() < until && !stream.destroyed; turns++) {
    const all = stream.ready ? isTaken(stream) : false
    if (all !== false) return all ?? false
    await (turns < 50 ? turn() : sleep(POLL_MS))
  }
  return false
}
