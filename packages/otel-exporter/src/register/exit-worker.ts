import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { Logger } from '@kinesis-producer/core'
import { LOG_OPTION_NAMES } from '../options.js'
import { Pipeline } from '../pipeline.js'
import { countLogs } from './count-logs.js'
import type { LastLogs } from './deliver-now.js'

/** Even if this thread began late. */
const MIN_MS = 500

/** The main thread is blocked, and with it the streams of this one. */
const say = (message: string): void => {
  try {
    writeSync(2, `${message}\n`)
  } catch {
    // Nobody reads it.
  }
}
const logger: Logger = { debug: () => {}, info: () => {}, warn: say, error: say }

const { options, records, until, done }: LastLogs = workerData
const { exportTimeout: _, ...others } = options

const deliver = async (): Promise<void> => {
  const pipeline = new Pipeline(
    'KinesisLogRecordProcessor',
    { ...others, logger },
    LOG_OPTION_NAMES,
    { whenFull: 'dropOldest' },
  )
  const puts = records.map(({ data, partitionKey }) =>
    pipeline.put({
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      partitionKey,
      get logs() {
        return countLogs(data, options.encoding)
      },
    }),
  )
  void Promise.allSettled(puts)
  await pipeline.close(Math.max(MIN_MS, until - Date.now()))
}

const end = (): void => {
  Atomics.store(done, 0, 1)
  Atomics.notify(done, 0)
}

deliver().then(end, (error: unknown) => {
  say(String(error))
  end()
})
