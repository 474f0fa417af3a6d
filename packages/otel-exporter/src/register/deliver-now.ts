import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { abandonLogs, type KinesisLogRecordProcessor } from '../processor.js'
import { warn } from './announce.js'
import type { Component } from './components.js'
import { countLogs } from './count-logs.js'

/** Beyond the deadline, for a thread that is slow to begin. */
const MARGIN_MS = 2000

/** What the worker is given. */
export interface LastLogs {
  readonly options: Component['options']
  readonly records: readonly {
    readonly data: Uint8Array
    readonly partitionKey: string | undefined
  }[]
  /** On the clock of `Date`: the deadline. */
  readonly until: number
  /** The worker ends the wait here. */
  readonly done: Int32Array
}

/**
 * Delivers what a processor holds before it returns, at most its `shutdownTimeout`: in a thread of
 * its own, for which this one waits. That is all that Node allows in an `exit` event.
 */
export const deliverNow = (processor: KinesisLogRecordProcessor, component: Component): void => {
  const left = abandonLogs(processor)
  if (left.length === 0) return
  const { options, shutdownTimeout } = component
  const records = left.map(({ data, partitionKey }) => ({
    data: typeof data === 'string' ? Buffer.from(data, 'utf8') : data,
    partitionKey,
  }))
  const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const until = Date.now() + shutdownTimeout
  const workerData: LastLogs = { options, records, until, done }
  let why = 'the thread that was to deliver them gave no answer'
  try {
    // Without our own options of Node: `--import register` would make a provider there as well.
    const file = join(__dirname, 'exit-worker.js')
    const worker = new Worker(file, { workerData, execArgv: [], env: workerEnv() })
    worker.unref()
    if (Atomics.wait(done, 0, 0, shutdownTimeout + MARGIN_MS) !== 'timed-out') return
  } catch (error) {
    why = String(error)
  }
  const logs = records.reduce((sum, { data }) => sum + countLogs(data, options.encoding), 0)
  warn(`up to ${logs} logs were lost at the end of the process: ${why}`)
}

const workerEnv = (): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _, ...others } = process.env
  return others
}
