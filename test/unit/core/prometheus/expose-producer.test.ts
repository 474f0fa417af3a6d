import assert from 'node:assert/strict'
import { BatchProducer, ConfigError, type ProducerStats } from '@kinesis-producer/core'
import { exposeProducer, requestDurations } from '@kinesis-producer/core/prometheus'
import { Counter, collectDefaultMetrics, type OpenMetricsContentType, Registry } from 'prom-client'
import { FakeClient } from '../../../support/core/fake-client.js'

/** The stats of a producer that did nothing, with some figures changed. */
const statsWith = (changed: Partial<ProducerStats>): ProducerStats => ({
  ...new BatchProducer(new FakeClient(), 's').stats(),
  ...changed,
})

/** A source whose figures the test sets. */
const source = (first?: Partial<ProducerStats>) => {
  let now = first && statsWith(first)
  return {
    set: (changed: Partial<ProducerStats>) => (now = statsWith(changed)),
    stats: () => now,
  }
}

/** The series of a metric: `labels value`. */
const seriesOf = async (registry: Registry, name: string): Promise<string[]> =>
  (await registry.metrics())
    .split('\n')
    .filter(line => line.startsWith(`${name}{`))
    .map(line => line.slice(name.length))

const DELIVERED = 'kinesis_producer_records_delivered_total'
const REMAINING = 'kinesis_producer_records_remaining'

describe('a producer in a registry of prom-client', () => {
  it('has its figures read when the page is', async () => {
    const registry = new Registry()
    const producer = source({ delivered: 1 })
    exposeProducer(producer, { streamName: 'orders', registry })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="orders"} 1'])
    producer.set({ delivered: 5 })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="orders"} 5'])
  })

  it('is told from others of the stream by its name', async () => {
    const registry = new Registry()
    exposeProducer(source({ delivered: 1 }), {
      streamName: 's',
      producerName: 'audit',
      registry,
    })
    exposeProducer(source({ delivered: 2 }), { streamName: 's', producerName: 'web', registry })
    assert.deepEqual(await seriesOf(registry, DELIVERED), [
      '{aws_kinesis_stream_name="s",kinesis_producer_name="audit"} 1',
      '{aws_kinesis_stream_name="s",kinesis_producer_name="web"} 2',
    ])
  })

  it('is added to others with its labels, but ages are not', async () => {
    const registry = new Registry()
    for (const n of [1, 2])
      exposeProducer(source({ delivered: n, remaining: n, oldestRecordAge: n * 1000 }), {
        streamName: 's',
        registry,
      })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 3'])
    assert.deepEqual(await seriesOf(registry, REMAINING), ['{aws_kinesis_stream_name="s"} 3'])
    assert.deepEqual(await seriesOf(registry, 'kinesis_producer_record_oldest_age'), [
      '{aws_kinesis_stream_name="s"} 2',
    ])
  })

  it('leaves its counters where they were when it ends, and the next one goes on from there', async () => {
    const registry = new Registry()
    const options = { streamName: 's', registry }
    for (const _ of [1, 2, 3]) {
      const end = exposeProducer(source({ delivered: 10, remaining: 4 }), options)
      end()
      end()
    }
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 30'])
    assert.deepEqual(await seriesOf(registry, REMAINING), [])
    exposeProducer(source({ delivered: 1, remaining: 2 }), options)
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 31'])
    assert.deepEqual(await seriesOf(registry, REMAINING), ['{aws_kinesis_stream_name="s"} 2'])
  })

  it('counts on when its source begins again, as a restarted worker does', async () => {
    const registry = new Registry()
    const worker = source()
    exposeProducer(worker, { streamName: 's', registry })
    assert.deepEqual(await seriesOf(registry, DELIVERED), [])
    worker.set({ admitted: 100, delivered: 10, throttledByShard: { a: 7 } })
    await registry.metrics()
    // Delivered has passed its last value already: that all began again shows in another figure.
    worker.set({ admitted: 30, delivered: 20, throttledByShard: {} })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 30'])
    worker.set({ admitted: 31, delivered: 21, throttledByShard: { a: 1 } })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 31'])
    assert.deepEqual(await seriesOf(registry, 'kinesis_producer_throttled_total'), [
      '{aws_kinesis_stream_name="s",aws_kinesis_shard_id="a"} 8',
    ])
  })

  it('is shown as of one moment, whatever happens between two metrics', async () => {
    const registry = new Registry()
    let admitted = 0
    exposeProducer(
      {
        stats: () => {
          admitted++
          return statsWith({ admitted, delivered: admitted })
        },
      },
      { streamName: 's', registry },
    )
    const [first] = await seriesOf(registry, 'kinesis_producer_records_admitted_total')
    const page = await registry.metrics()
    const values = [...page.matchAll(/records_(?:admitted|delivered)_total\{.*\} (\d+)/g)]
    assert.equal(values.length, 2)
    assert.equal(values[0]?.[1], values[1]?.[1])
    assert.match(first ?? '', / 1$/)
  })

  it('does not make the page fail when its source throws', async () => {
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    let fails = false
    exposeProducer(
      {
        stats: () => {
          if (fails) throw new Error('gone')
          return statsWith({ delivered: 3 })
        },
      },
      { streamName: 's', registry },
    )
    await registry.metrics()
    fails = true
    const page = await registry.metrics()
    assert.match(page, /^process_cpu_seconds_total /m)
    assert.match(page, /^kinesis_producer_records_delivered_total\{.*\} 3$/m)
  })

  it('is refused twice, and where names are taken', () => {
    const registry = new Registry()
    const producer = source({})
    const options = { streamName: 's', registry }
    const end = exposeProducer(producer, options)
    assert.throws(() => exposeProducer(producer, options), /exposed in this registry already/)
    end()
    exposeProducer(producer, options)
    const other = new Registry()
    other.registerMetric(new Counter({ name: DELIVERED, help: 'theirs', registers: [] }))
    assert.throws(
      () => exposeProducer(producer, { streamName: 's', registry: other }),
      new RegExp(`another metric named ${DELIVERED}`),
    )
  })

  it('is shown again after the registry was cleared', async () => {
    const registry = new Registry()
    exposeProducer(source({ delivered: 1 }), { streamName: 's', registry })
    registry.clear()
    exposeProducer(source({ delivered: 2 }), { streamName: 's', registry })
    assert.deepEqual(await seriesOf(registry, DELIVERED), ['{aws_kinesis_stream_name="s"} 2'])
  })

  it('keeps its names in the format of OpenMetrics', async () => {
    const registry = new Registry<OpenMetricsContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    exposeProducer(source({ delivered: 2 }), { streamName: 's', registry })
    const page = await registry.metrics()
    assert.match(page, /^kinesis_producer_records_delivered_total\{.*\} 2$/m)
    assert.match(page, /# EOF\n$/)
  })

  it('wants options that are known and right', () => {
    const registry = new Registry()
    const wrong: [object, RegExp][] = [
      [{ registry }, /streamName is missing/],
      [{ registry, streamName: 7 }, /streamName must be a string/],
      [{ registry, streamName: 's', producerName: '' }, /producerName must be a string/],
      [{ registry, streamNam: 's' }, /did you mean "streamName"/],
      [{ registry: {}, streamName: 's' }, /registry must have the method registerMetric/],
    ]
    for (const [options, message] of wrong)
      for (const call of [
        () => Reflect.apply(exposeProducer, undefined, [source({}), options]),
        () => Reflect.apply(requestDurations, undefined, [options]),
      ])
        assert.throws(call, error => error instanceof ConfigError && message.test(error.message))
    assert.throws(
      () => Reflect.apply(exposeProducer, undefined, [undefined, { registry, streamName: 's' }]),
      /the producer is missing/,
    )
  })
})

describe('the durations of requests', () => {
  it('are a histogram, by error', async () => {
    const registry = new Registry()
    const onRequest = requestDurations({ streamName: 's', registry })
    const producer = new BatchProducer(new FakeClient(), 's', { onRequest })
    producer.start()
    await producer.add('x', 'k')
    await producer.close()
    requestDurations({ streamName: 's', registry })({
      duration: 2000,
      records: 1,
      kinesisRecords: 1,
      errorCode: 'InternalFailure',
    })
    const name = 'messaging_client_operation_duration'
    const common =
      'messaging_system="aws.kinesis",messaging_operation_name="PutRecords",messaging_operation_type="send",messaging_destination_name="s"'
    assert.deepEqual(await seriesOf(registry, `${name}_count`), [
      `{${common}} 1`,
      `{${common},error_type="InternalFailure"} 1`,
    ])
    assert.deepEqual(
      (await seriesOf(registry, `${name}_sum`)).filter(line => line.includes('error_type')),
      [`{${common},error_type="InternalFailure"} 2`],
    )
  })
})
