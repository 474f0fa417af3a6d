import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchProducer,
  createKinesisClient,
  type ProducerConfig,
  type UserRecord,
} from '@kinesis-producer/core'
import { seededRandom, TEST_CREDENTIALS } from '../support/endpoint/index.js'
import { type Message, parseText, type Task, textOf } from './messages.js'

const task: Task = JSON.parse(process.argv[2] ?? '{}')
const KEYS = 2000
const TICK_MS = 20
const CLOSE_MS = 120_000

/** Four characters of user, so that each policy meets the storm. */
const CHARACTERS: readonly ProducerConfig[] = [
  { ordering: 'partitionKey', whenFull: 'wait' },
  { whenFull: 'wait' },
  { ordering: 'partitionKey', whenFull: 'dropOldest', bufferSize: 4000, recordTtl: 8000 },
  { whenFull: 'reject' },
]

const tell = (message: Message): void => void process.send?.(message)

let peakRss = 0
const watch = (): void => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss())
}
setInterval(watch, 100).unref()

let back: number[] = []
const handBack = (record: UserRecord, possiblyDelivered: boolean): void => {
  const { number } = parseText(String(record.data))
  back.push(possiblyDelivered ? -number - 1 : number)
  if (back.length >= 1000) tellBack()
}
const tellBack = (): void => {
  tell({ kind: 'handedBack', numbers: back })
  back = []
}

let durations: number[] = []
const client = createKinesisClient({
  region: 'us-east-1',
  endpoint: task.endpoint,
  credentials: TEST_CREDENTIALS,
})
const character = CHARACTERS[task.id % CHARACTERS.length] ?? {}
const producer = new BatchProducer(client, task.stream, {
  batchSize: 500,
  bufferSize: 10_000,
  flushInterval: 100,
  requestTimeout: 1500,
  logger: false,
  onRequest: ({ duration }) => void durations.push(duration),
  onDrop: ({ record, possiblyDelivered }) => handBack(record, possiblyDelivered),
  ...character,
})
producer.start()
const tellStanding = (): void => {
  tell({ kind: 'standing', stats: producer.stats(), durations })
  durations = []
}
setInterval(tellStanding, 250).unref()
const idleRss = process.memoryUsage.rss()

let next = 0
let puts = 0
let putsSettled = 0
/** A waiting add that was turned away by a stop was not admitted: its number is used again. */
const addOne = async (): Promise<boolean> => {
  const [text, key] = [textOf(task.id, next), `${task.id}-${next % KEYS}`]
  if (character.whenFull === 'wait') {
    await producer.add(text, key)
  } else if (next % 97 === 0 && character.whenFull === 'dropOldest') {
    puts++
    const settled = (): void => void putsSettled++
    producer.put(text, key).then(settled, settled)
  } else if (!producer.tryAdd(text, key)) return false
  next++
  return true
}

const random = seededRandom(task.seed)
/** Now and then the user stops, flushes or drains, and goes on. */
const meddle = async (): Promise<void> => {
  const what = random()
  if (what < 0.004) {
    await producer.stop()
    producer.start()
  } else if (what < 0.008) {
    await producer.flush(300)
    producer.start()
  } else if (what < 0.012) await producer.drain(300)
}

const startedAt = performance.now()
while (next < task.records) {
  const target = Math.min(task.records, 1 + ((performance.now() - startedAt) / 1000) * task.rate)
  let due = Math.floor(target) - next
  while (due > 0 && (await addOne())) due--
  await meddle()
  await sleep(TICK_MS)
}
const { leftover } = await producer.close(CLOSE_MS)
for (const record of leftover) handBack(record, record.possiblyDelivered)
tellBack()
tellStanding()
await sleep(0)
watch()
const { user, system } = process.cpuUsage()
tell({
  kind: 'done',
  stats: producer.stats(),
  leftover: leftover.length,
  puts,
  putsSettled,
  idleRss,
  peakRss,
  cpu: (user + system) / 1e6,
})
client.destroy()
process.disconnect?.()
