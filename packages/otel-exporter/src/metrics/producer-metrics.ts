import type { BatchProducer, ProducerStats } from '@kinesis-producer/core'
import type { Attributes, MeterLike, ObservableLike } from './meter.js'

type Kind = 'createObservableCounter' | 'createObservableUpDownCounter' | 'createObservableGauge'

interface Metric {
  readonly name: string
  readonly kind: Kind
  readonly unit: string
  readonly description: string
  /** One value, or one for each set of attributes. */
  readonly values: (stats: ProducerStats) => Iterable<[number, Attributes?]>
}

const byName = (
  counts: Readonly<Record<string, number>>,
  attribute: string,
): Iterable<[number, Attributes]> =>
  Object.entries(counts).map(([name, count]) => [count, { [attribute]: name }])

/** All that a producer's stats tell, as metrics. */
export const PRODUCER_METRICS: readonly Metric[] = [
  {
    name: 'kinesis.producer.records.admitted',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records admitted',
    values: stats => [[stats.admitted]],
  },
  {
    name: 'kinesis.producer.records.delivered',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records stored in the stream',
    values: stats => [[stats.delivered]],
  },
  {
    name: 'kinesis.producer.records.dropped',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records given up, by reason',
    values: stats => byName(stats.droppedByReason, 'error.type'),
  },
  {
    name: 'kinesis.producer.records.refused',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records not admitted: no room, invalid, not running',
    values: stats => [[stats.refused]],
  },
  {
    name: 'kinesis.producer.records.possible_duplicates',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Delivered records of which an earlier try may have been stored as well',
    values: stats => [[stats.possibleDuplicates]],
  },
  {
    name: 'kinesis.producer.records.remaining',
    kind: 'createObservableUpDownCounter',
    unit: '{record}',
    description: 'Records admitted and not settled',
    values: stats => [[stats.remaining]],
  },
  {
    name: 'kinesis.producer.bytes.remaining',
    kind: 'createObservableUpDownCounter',
    unit: 'By',
    description: 'Data and keys of the records admitted and not settled',
    values: stats => [[stats.remainingBytes]],
  },
  {
    name: 'kinesis.producer.bytes.delivered',
    kind: 'createObservableCounter',
    unit: 'By',
    description: 'Data and keys of the records stored in the stream',
    values: stats => [[stats.bytesDelivered]],
  },
  {
    name: 'kinesis.producer.retries',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records that were tried again',
    values: stats => [[stats.retries]],
  },
  {
    name: 'kinesis.producer.throttled',
    kind: 'createObservableCounter',
    unit: '{record}',
    description: 'Records refused by a shard that had enough, by shard',
    values: stats => byName(stats.throttledByShard, 'aws.kinesis.shard_id'),
  },
  {
    name: 'kinesis.producer.requests',
    kind: 'createObservableCounter',
    unit: '{request}',
    description: 'PutRecords requests answered or failed',
    values: stats => [[stats.requests]],
  },
  {
    name: 'kinesis.producer.requests.failed',
    kind: 'createObservableCounter',
    unit: '{request}',
    description: 'PutRecords requests that failed as a whole, by error',
    values: stats => byName(stats.requestErrorsByCode, 'error.type'),
  },
  {
    name: 'kinesis.producer.requests.inflight',
    kind: 'createObservableUpDownCounter',
    unit: '{request}',
    description: 'PutRecords requests under way',
    values: stats => [[stats.requestsInFlight]],
  },
  {
    name: 'messaging.client.sent.messages',
    kind: 'createObservableCounter',
    unit: '{message}',
    description: 'Kinesis records sent, retries included',
    values: stats => [
      [
        stats.kinesisRecords,
        { 'messaging.system': 'aws.kinesis', 'messaging.operation.name': 'PutRecords' },
      ],
    ],
  },
  {
    name: 'kinesis.producer.record.oldest_age',
    kind: 'createObservableGauge',
    unit: 's',
    description: 'Age of the oldest record that waits',
    values: stats => [[stats.oldestRecordAge / 1000]],
  },
  {
    name: 'kinesis.producer.paused',
    kind: 'createObservableGauge',
    unit: '1',
    description: '1 while the producer waits for an operator to mend something',
    values: stats => [[stats.paused ? 1 : 0]],
  },
]

/**
 * Shows a producer's stats as metrics of a meter; usable with the core alone. Counters count
 * records of the producer, which may hold many logs.
 * @param attributes put on every value, such as the name of the stream
 * @returns ends it; call that when the producer is closed
 */
export const bindProducerMetrics = (
  producer: Pick<BatchProducer, 'stats'>,
  meter: MeterLike,
  attributes: Attributes = {},
): (() => void) => {
  const unbind = PRODUCER_METRICS.map(({ name, kind, unit, description, values }) => {
    const metric: ObservableLike = meter[kind](name, { unit, description })
    const observe: Parameters<ObservableLike['addCallback']>[0] = result => {
      for (const [value, own] of values(producer.stats()))
        result.observe(value, own === undefined ? attributes : { ...attributes, ...own })
    }
    metric.addCallback(observe)
    return () => metric.removeCallback(observe)
  })
  return () => {
    for (const end of unbind) end()
  }
}
