// A process of the crash run: adds numbered records, and says on standard output what it was promised.
import { writeSync } from 'node:fs'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { TEST_CREDENTIALS } from '../support/endpoint/index.js'
import { KEYS, TASK_END, type VictimTask } from './task.js'

const task: VictimTask = JSON.parse(process.argv[2] ?? '{}')
/** `tryAdd` promises a record 10 ms after it returned; timers are late by as much, under load. */
const PROMISED_AFTER_MS = 30

const producer = new BatchProducer(
  createKinesisClient({
    region: 'us-east-1',
    endpoint: task.endpoint,
    credentials: TEST_CREDENTIALS,
  }),
  task.stream,
  {
    batchSize: 100,
    bufferSize: task.bufferSize,
    flushInterval: 50,
    requestTimeout: 2000,
    ordering: 'partitionKey',
    whenFull: 'wait',
    spool: { directory: task.directory, maxBytes: 64 * 1024 * 1024, fsync: task.fsync },
  },
)
producer.start()

const say = (numbers: readonly number[]): void => {
  if (numbers.length > 0) writeSync(1, `${numbers.join(' ')}\n`)
}

let next = task.from
const textOf = (number: number): string => `${number}:${'x'.repeat(number % 400)}`
const keyOf = (number: number): string => `k${number % KEYS}`

const addAwaited = async (): Promise<void> => {
  for (;;) {
    const numbers = Array.from({ length: 20 }, () => next++)
    await Promise.all(numbers.map(number => producer.add(textOf(number), keyOf(number))))
    say(numbers)
  }
}

const addInBursts = (): void => {
  const numbers: number[] = []
  for (let i = 0; i < 200; i++) if (producer.tryAdd(textOf(next), keyOf(next))) numbers.push(next++)
  setTimeout(() => say(numbers), PROMISED_AFTER_MS)
  setTimeout(addInBursts, 2)
}

if (task.adds === 'none') {
  // Delivers what the others left, to the end.
  await producer.drain(60_000)
  const { possibleDuplicates, remaining, dropped, spool } = producer.stats()
  const { kept } = await producer.close()
  writeSync(
    1,
    `${TASK_END} ${JSON.stringify({ possibleDuplicates, remaining, dropped, kept, spool })}\n`,
  )
} else if (task.adds === 'awaited') await addAwaited()
else addInBursts()
