import {
  BatchProducer,
  type DroppedRecord,
  type ProducerStats,
  type RequestReport,
} from '@kinesis-producer/core'
import { KinesisLogRecordExporter } from '@kinesis-producer/otel-exporter'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import fastify from 'fastify'
import pino from 'pino'
import type { Target } from './target.js'

export const SOURCES = ['pino', 'otel', 'audit'] as const
export type Source = (typeof SOURCES)[number]

/** A web service that logs in three ways. Each log carries the run and a number, to be counted. */
export interface Service {
  readonly url: string
  readonly produced: Readonly<Record<Source, number>>
  /** Of the audit producer. */
  stats(): ProducerStats
  readonly dropped: readonly DroppedRecord[]
  /** Ends everything in the right order: no more requests, then no more logs. */
  close(): Promise<void>
}

export const startService = async (
  target: Target,
  run: string,
  onRequest: (request: RequestReport) => void,
): Promise<Service> => {
  const produced = { pino: 0, otel: 0, audit: 0 }

  const logger = pino(
    pino.transport({
      target: '@kinesis-producer/pino-transport',
      // Its warnings would break up the progress line, and the trouble is made on purpose here.
      options: { ...target.connection, logger: false },
    }),
  )

  const provider = new LoggerProvider({
    processors: [
      new BatchLogRecordProcessor({
        exporter: new KinesisLogRecordExporter({ ...target.connection, encoding: 'json' }),
        maxQueueSize: 20_000,
      }),
    ],
  })
  const otel = provider.getLogger('demo')

  const dropped: DroppedRecord[] = []
  const audit = new BatchProducer(target.client, target.connection.streamName, {
    batchSize: 100,
    flushInterval: 200,
    ordering: 'partitionKey',
    whenFull: 'wait',
    logger: false,
    onDrop: record => void dropped.push(record),
    onRequest,
  })
  audit.start()

  const app = fastify({ loggerInstance: logger })
  app.get<{ Params: { user: string } }>('/orders/:user', async ({ params, log }) => {
    const { user } = params
    log.info({ source: 'pino', run, number: produced.pino++ }, `order of ${user}`)
    otel.emit({
      severityNumber: SeverityNumber.INFO,
      body: `order of ${user}`,
      attributes: { source: 'otel', run, number: produced.otel++ },
    })
    await audit.add(JSON.stringify({ source: 'audit', run, number: produced.audit++, user }), user)
    return { ok: true }
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  return {
    url,
    produced,
    stats: () => audit.stats(),
    dropped,
    close: async () => {
      await app.close()
      await provider.shutdown()
      await audit.close()
      await new Promise<void>(resolve => logger.flush(() => resolve()))
    },
  }
}
