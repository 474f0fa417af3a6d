import assert from 'node:assert/strict'
import {
  BatchProducer,
  type DroppedRecord,
  type Logger,
  type ProducerConfig,
  type StatsBatch,
} from '@kinesis-producer/core'
import { FakeClient, type Handler } from './fake-client.js'
import { TestClock } from './test-clock.js'

export interface Harness {
  readonly producer: BatchProducer
  readonly client: FakeClient
  readonly clock: TestClock
  readonly dropped: DroppedRecord[]
  readonly stats: StatsBatch[]
  readonly log: { level: keyof Logger; message: string }[]
}

/** A producer with everything around it faked and recorded. Jitter is at its maximum: delays are exact. */
export const createHarness = (config: ProducerConfig = {}, handler?: Handler): Harness => {
  const clock = new TestClock()
  const client = new FakeClient(handler)
  const dropped: DroppedRecord[] = []
  const stats: StatsBatch[] = []
  const log: Harness['log'] = []
  const write = (level: keyof Logger) => (message: string) => void log.push({ level, message })
  const producer = new BatchProducer(client, 's', {
    clock,
    random: () => 0.999_999_999,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    onDrop: record => void dropped.push(record),
    ...config,
  })
  return { producer, client, clock, dropped, stats, log }
}

/** Adds `count` records, each its own text and key. */
export const addMany = async (producer: BatchProducer, count: number, from = 0): Promise<void> => {
  for (let i = from; i < from + count; i++) await producer.add(`r${i}`, `k${i}`)
}

export const texts = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `r${i + from}`)

/** The one law. */
export const assertLaw = (producer: BatchProducer): void => {
  const { admitted, delivered, dropped, remaining, droppedByReason } = producer.stats()
  assert.equal(
    admitted,
    delivered + dropped + remaining,
    'admitted = delivered + dropped + remaining',
  )
  assert.equal(
    dropped,
    Object.values(droppedByReason).reduce((sum, count) => sum + count, 0),
  )
}
