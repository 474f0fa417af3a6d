import { parentPort, workerData } from 'node:worker_threads'
import { WarningLimiter } from '@kinesis-producer/core/adapter/rules'
import { inPinoWorker, warnOnMain } from './channel.js'

const countAt = (own: unknown, name: string): number => {
  const list: unknown = Reflect.get(Object(own), name)
  return Array.isArray(list) ? list.length : 0
}

/** Whether other targets run in this worker. */
const hasNeighbours = (): boolean => {
  const own: unknown = Reflect.get(Object(workerData), 'workerData')
  return inPinoWorker && countAt(own, 'targets') + countAt(own, 'pipelines') > 1
}

const closers = new Set<() => Promise<unknown>>()

/**
 * An I/O error of another target that nobody handles (a full disk, a connection refused) would end
 * the worker, with our lines in it. It is told as a warning instead, and the worker goes on. After any
 * other exception pino's streams may stand still, so the worker ends as it would have, but only when
 * our lines are delivered.
 */
export const outliveNeighbours = (close: () => Promise<unknown>): void => {
  if (!hasNeighbours()) return
  closers.add(close)
  if (process.hasUncaughtExceptionCaptureCallback()) return
  const limiter = new WarningLimiter(() => performance.now())
  process.setUncaughtExceptionCaptureCallback((thrown: unknown) => {
    if (typeof Reflect.get(Object(thrown), 'syscall') === 'string') {
      if (limiter.allows('neighbour') !== undefined)
        warnOnMain(`pino-transport: a target beside Kinesis failed: ${String(thrown)}`)
      return
    }
    void endWith(thrown)
  })
}

const endWith = async (thrown: unknown): Promise<void> => {
  await Promise.allSettled([...closers].map(close => close()))
  parentPort?.postMessage({ code: 'ERROR', err: thrown })
  process.exit(1)
}
