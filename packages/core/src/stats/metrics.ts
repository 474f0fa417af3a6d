import type { SpoolStats } from '../spool/spool-types.js'
import type { ProducerStats } from './stats.js'

/** A count that only grows, a count that goes both ways, or a reading that cannot be added up. */
export type MetricKind = 'counter' | 'upDownCounter' | 'gauge'

/** A figure of `stats()` as a metric. */
export interface ProducerMetric {
  /** As OpenTelemetry names it; `prometheusName` tells what Prometheus makes of it. */
  readonly name: string
  readonly kind: MetricKind
  /** In UCUM. */
  readonly unit: string
  readonly description: string
  /** Attributes that every value has. */
  readonly attributes: Readonly<Record<string, string>>
  /** The attribute that tells its values apart, if there are several. */
  readonly by?: string
  /** One value, or one for each value of the attribute `by`. */
  values(stats: ProducerStats): Iterable<readonly [value: number, of?: string]>
}

const NONE: Readonly<Record<string, string>> = {}

const one =
  (kind: MetricKind) =>
  (
    name: string,
    unit: string,
    description: string,
    value: (stats: ProducerStats) => number,
    attributes: Readonly<Record<string, string>> = NONE,
  ): ProducerMetric => ({
    name,
    kind,
    unit,
    description,
    attributes,
    values: stats => [[value(stats)]],
  })

const counter = one('counter')
const upDownCounter = one('upDownCounter')
const gauge = one('gauge')

/** Of the spool; without one there is no value. */
const spooled = (
  kind: MetricKind,
  name: string,
  unit: string,
  description: string,
  value: (spool: SpoolStats) => number,
): ProducerMetric => ({
  name: `kinesis.producer.spool.${name}`,
  kind,
  unit,
  description,
  attributes: NONE,
  values: ({ spool }) => (spool === undefined ? [] : [[value(spool)]]),
})

const counterBy = (
  by: string,
  name: string,
  unit: string,
  description: string,
  counts: (stats: ProducerStats) => Readonly<Record<string, number>>,
): ProducerMetric => ({
  name,
  kind: 'counter',
  unit,
  description,
  attributes: NONE,
  by,
  values: stats => Object.entries(counts(stats)).map(([of, count]) => [count, of]),
})

/** All that a producer's stats tell, as metrics: the one table of their names. */
export const PRODUCER_METRICS: readonly ProducerMetric[] = [
  counter('kinesis.producer.records.admitted', '{record}', 'Records admitted', s => s.admitted),
  counter(
    'kinesis.producer.records.delivered',
    '{record}',
    'Records stored in the stream',
    s => s.delivered,
  ),
  counterBy(
    'error.type',
    'kinesis.producer.records.dropped',
    '{record}',
    'Records given up, by reason',
    s => s.droppedByReason,
  ),
  counter(
    'kinesis.producer.records.refused',
    '{record}',
    'Records not admitted: no capacity, invalid, not running',
    s => s.refused,
  ),
  counter(
    'kinesis.producer.records.possible_duplicates',
    '{record}',
    'Delivered records of which an earlier try may have been stored as well',
    s => s.possibleDuplicates,
  ),
  upDownCounter(
    'kinesis.producer.records.remaining',
    '{record}',
    'Records admitted and not settled',
    s => s.remaining,
  ),
  upDownCounter(
    'kinesis.producer.records.capacity',
    '{record}',
    'Most records that may remain (bufferSize)',
    s => s.capacityRecords,
  ),
  upDownCounter(
    'kinesis.producer.bytes.remaining',
    'By',
    'Data and keys of the records admitted and not settled',
    s => s.remainingBytes,
  ),
  upDownCounter(
    'kinesis.producer.bytes.capacity',
    'By',
    'Most bytes that may remain (bufferBytes)',
    s => s.capacityBytes,
  ),
  upDownCounter(
    'kinesis.producer.memory',
    'By',
    'Memory that the records admitted and not settled take',
    s => s.memoryBytes,
  ),
  {
    name: 'kinesis.producer.memory.slabs',
    kind: 'upDownCounter',
    unit: 'By',
    description: 'Memory in slabs: in use, pinned by neighbours of settled records, or pooled',
    attributes: NONE,
    by: 'kinesis.producer.slab.state',
    values: s => [
      [s.slabBytesHeld - s.slabBytesPinned, 'used'],
      [s.slabBytesPinned, 'pinned'],
      [s.slabBytesPooled, 'pooled'],
    ],
  },
  counter(
    'kinesis.producer.bytes.delivered',
    'By',
    'Data and keys of the records stored in the stream',
    s => s.bytesDelivered,
  ),
  counter('kinesis.producer.retries', '{record}', 'Records that were tried again', s => s.retries),
  counterBy(
    'aws.kinesis.shard_id',
    'kinesis.producer.throttled',
    '{record}',
    'Records refused by a shard that had enough, by shard',
    s => s.throttledByShard,
  ),
  counter(
    'kinesis.producer.requests',
    '{request}',
    'PutRecords requests answered or failed',
    s => s.requests,
  ),
  counterBy(
    'error.type',
    'kinesis.producer.requests.failed',
    '{request}',
    'PutRecords requests that failed as a whole, by error',
    s => s.requestErrorsByCode,
  ),
  upDownCounter(
    'kinesis.producer.requests.inflight',
    '{request}',
    'PutRecords requests under way',
    s => s.requestsInFlight,
  ),
  counter(
    'messaging.client.sent.messages',
    '{message}',
    'Kinesis records sent, retries included',
    s => s.kinesisRecords,
    { 'messaging.system': 'aws.kinesis', 'messaging.operation.name': 'PutRecords' },
  ),
  gauge(
    'kinesis.producer.record.oldest_age',
    's',
    'Age of the oldest record that waits',
    s => s.oldestRecordAge / 1000,
  ),
  gauge(
    'kinesis.producer.paused',
    '1',
    '1 while the producer waits for an operator to mend something',
    s => (s.paused ? 1 : 0),
  ),
  spooled(
    'upDownCounter',
    'records',
    '{record}',
    'Records in the spool that are not settled',
    s => s.records,
  ),
  spooled('upDownCounter', 'bytes', 'By', 'Size of the spool on disk', s => s.bytes),
  spooled('upDownCounter', 'segments', '{file}', 'Files of the spool', s => s.segments),
  spooled(
    'counter',
    'recovered',
    '{record}',
    'Records taken over from earlier processes',
    s => s.recovered,
  ),
  spooled(
    'counter',
    'bad_frames',
    '{frame}',
    'Places in the spool that could not be read',
    s => s.badFrames,
  ),
  spooled('gauge', 'failing', '1', '1 while the disk of the spool refuses records', s =>
    s.state === 'failing' ? 1 : 0,
  ),
  spooled(
    'gauge',
    'fsync.duration_p99',
    's',
    'Duration of fdatasync, 99th percentile',
    s => s.fsyncLatency.p99 / 1000,
  ),
]

/** A distribution over buckets. */
export interface HistogramMetric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly boundaries: readonly number[]
  readonly attributes: Readonly<Record<string, string>>
}

/** The duration of requests, which is not in the stats: made of `onRequest`. */
export const REQUEST_DURATION: HistogramMetric = {
  name: 'messaging.client.operation.duration',
  unit: 's',
  description: 'Duration of PutRecords requests',
  /** Bucket boundaries of the semantic conventions for durations in seconds. */
  boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  attributes: {
    'messaging.system': 'aws.kinesis',
    'messaging.operation.name': 'PutRecords',
    'messaging.operation.type': 'send',
  },
}

/** A name of a metric or an attribute as OpenTelemetry's Prometheus exporter for Node writes it. */
export const prometheusName = (name: string, kind?: MetricKind): string =>
  `${name.replaceAll(/[^A-Za-z0-9_]+/g, '_')}${kind === 'counter' ? '_total' : ''}`
