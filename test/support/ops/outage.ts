// Producers in trouble, one stream for each kind, scraped through OpenTelemetry and prom-client.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import {
  BatchProducer,
  type Clock,
  createKinesisClient,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { exposeProducer, requestDurations } from '@kinesis-producer/core/prometheus'
import {
  bindProducerMetrics,
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { Registry } from 'prom-client'
import { type FaultChooser, faults, startFakeKinesis } from '../endpoint/index.js'

/** Makes ages and durations long in a short run. */
const fastClock = (times: number): Clock => {
  const begin = performance.now()
  return {
    now: () => begin + (performance.now() - begin) * times,
    setTimeout: (callback, ms) => setTimeout(() => callback(), ms / times),
    clearTimeout: timer => {
      if (timer instanceof Object) Reflect.apply(clearTimeout, undefined, [timer])
    },
  }
}

const SILENT: false = false

interface Trouble {
  readonly alerts: readonly string[]
  /** What may be there as well, as chance has it. */
  readonly may?: readonly string[]
  readonly fault?: FaultChooser
  readonly options?: ProducerConfig
}

interface LogTrouble extends Trouble {
  readonly large?: boolean
  readonly batch?: boolean
}

/** By stream: what the endpoint does, the producer's options, and the alerts that come of it. */
export const TROUBLES: Readonly<Record<string, Trouble>> = {
  healthy: { alerts: [] },
  denied: {
    fault: () => faults.requestError('AccessDeniedException'),
    // Its durations would be as fast as its clock.
    options: { clock: fastClock(30), onRequest: undefined },
    alerts: [
      'KinesisProducerPaused',
      'KinesisProducerNotDelivering',
      'KinesisProducerRequestsFailing',
      'KinesisProducerFallingBehind',
    ],
  },
  throttled: {
    fault: () => faults.partial(faults.share(0.3)),
    alerts: ['KinesisProducerThrottled'],
  },
  hot: {
    fault: () => faults.throttleShards(['shardId-000000000001'], 0.6),
    alerts: ['KinesisProducerThrottled', 'KinesisProducerHotShard'],
  },
  failing: {
    fault: ({ number }) =>
      number % 3 === 0 ? faults.requestError('LimitExceededException') : undefined,
    alerts: ['KinesisProducerRequestsFailing'],
  },
  refusing: {
    fault: () => faults.requestError('LimitExceededException'),
    options: { bufferSize: 40, batchSize: 10, whenFull: 'reject' },
    alerts: [
      'KinesisProducerRefusingRecords',
      'KinesisProducerBufferFilling',
      'KinesisProducerNotDelivering',
      'KinesisProducerRequestsFailing',
    ],
  },
  dropping: {
    fault: () => faults.partial(faults.share(0.2), 'InternalFailure'),
    options: { maxAttemptsPerRecord: 1 },
    alerts: ['KinesisProducerDroppingRecords'],
  },
  twice: {
    fault: ({ number }) => (number % 3 === 0 ? faults.lostResponse() : undefined),
    alerts: ['KinesisProducerDuplicates', 'KinesisProducerRequestsFailing'],
  },
  slow: {
    fault: () => faults.slow(700),
    options: { clock: fastClock(10), flushInterval: 5000 },
    alerts: ['KinesisProducerSlowRequests'],
  },
}

/** Those of OpenTelemetry alone. */
const LOGS: Readonly<Record<string, LogTrouble>> = {
  logs: { alerts: [], batch: true },
  'lost-logs': {
    fault: () => faults.partial(faults.share(0.5), 'InternalFailure'),
    options: { maxAttemptsPerRecord: 1 },
    alerts: ['KinesisExporterLosingLogs', 'KinesisProducerDroppingRecords'],
    may: ['KinesisProducerDuplicates'],
  },
  'large-logs': { alerts: ['KinesisExporterTruncatingLogs'], large: true },
}

/** What must be pending or firing, as `job stream alert`. */
export const expectedAlerts: readonly string[] = [
  ...Object.entries(TROUBLES).flatMap(([stream, { alerts }]) =>
    ['otel', 'prom-client'].flatMap(job =>
      alerts
        // Without the exporter, OpenTelemetry has no durations of requests.
        .filter(alert => job === 'prom-client' || alert !== 'KinesisProducerSlowRequests')
        .map(alert => `${job} ${stream} ${alert}`),
    ),
  ),
  ...Object.entries(LOGS).flatMap(([stream, { alerts }]) =>
    alerts.map(alert => `otel ${stream} ${alert}`),
  ),
].toSorted()

/** What may be there as well, as chance has it. */
export const possibleAlerts: readonly string[] = Object.entries(LOGS).flatMap(
  ([stream, { may = [] }]) => may.map(alert => `otel ${stream} ${alert}`),
)

export interface Outage {
  /** Ports to scrape, by job. */
  readonly targets: Readonly<Record<string, number>>
  stop(): Promise<void>
}

const portOf = (server: Server): number => {
  const address = server.address()
  if (address === null || typeof address !== 'object') throw new Error('it does not listen')
  return address.port
}

export const startOutage = async (): Promise<Outage> => {
  const streams = [...Object.keys(TROUBLES), ...Object.keys(LOGS)]
  const fake = await startFakeKinesis({
    streams: Object.fromEntries(streams.map(stream => [stream, 4])),
  })
  const troubles = new Map<string, Trouble>(Object.entries({ ...TROUBLES, ...LOGS }))
  fake.on(request => troubles.get(request.stream)?.fault?.(request))
  const target = {
    region: 'us-east-1',
    endpoint: fake.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  const registry = new Registry()
  const reader = new PrometheusExporter({ preventServerStart: true })
  const meters = new MeterProvider({ readers: [reader] })
  const client = createKinesisClient(target)
  const producers = Object.entries(TROUBLES).map(([streamName, { options }]) => {
    const producer = new BatchProducer(client, streamName, {
      batchSize: 50,
      flushInterval: 100,
      logger: false,
      onRequest: requestDurations({ streamName, registry }),
      ...options,
    })
    exposeProducer(producer, { streamName, registry })
    bindProducerMetrics(producer, meters.getMeter('check-ops'), {
      'aws.kinesis.stream_name': streamName,
    })
    producer.start()
    return producer
  })
  const logs = Object.entries(LOGS).map(([streamName, { options, large, batch }]) => {
    const all = {
      ...target,
      streamName,
      flushInterval: 100,
      logger: SILENT,
      selfObsMeterProvider: meters,
      ...options,
    }
    const processor = batch
      ? new BatchLogRecordProcessor({
          exporter: new KinesisLogRecordExporter(all),
          scheduledDelayMillis: 200,
        })
      : new KinesisLogRecordProcessor(all)
    const provider = new LoggerProvider({ processors: [processor] })
    return { provider, logger: provider.getLogger('check-ops'), large }
  })
  let count = 0
  const traffic = setInterval(() => {
    for (const producer of producers)
      for (let i = 0; i < 20; i++) producer.tryAdd(`record ${count++}`)
    for (const { logger, large } of logs)
      if (!large) logger.emit({ body: `log ${count++}` })
      else if (count % 40 === 0) logger.emit({ body: 'x'.repeat(1_100_000) })
  }, 100)
  const pages = [
    createServer((request, response) => reader.getMetricsRequestHandler(request, response)),
    createServer((_, response) => {
      response.setHeader('content-type', registry.contentType)
      registry.metrics().then(
        page => response.end(page),
        () => response.destroy(),
      )
    }),
  ]
  await Promise.all(pages.map(page => once(page.listen(0, '127.0.0.1'), 'listening')))
  const [otel = 0, promClient = 0] = pages.map(portOf)
  return {
    targets: { otel, 'prom-client': promClient },
    stop: async () => {
      clearInterval(traffic)
      for (const page of pages) {
        page.close()
        page.closeAllConnections()
      }
      await Promise.all(logs.map(({ provider }) => provider.shutdown()))
      await fake.close()
      await Promise.all(producers.map(producer => producer.close(1)))
      await meters.shutdown()
      client.destroy()
    },
  }
}
