import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  batchOptionsFromEnvironment,
  exporterOptionsFromEnvironment,
  KinesisLogRecordExporter,
  kinesisComponent,
} from '@kinesis-producer/otel-exporter'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { FakeClient } from '../../support/core/fake-client.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

/** What a file says of the exporter, read and checked by the SDK's own reader. */
const kinesisPropertiesIn = (file: string): Record<string, unknown> => {
  const load = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-node'))
  const before = process.env['OTEL_CONFIG_FILE']
  process.env['OTEL_CONFIG_FILE'] = file
  try {
    const model: { logger_provider: { processors: { batch: { exporter: object } }[] } } = load(
      '@opentelemetry/configuration',
    )
      .createConfigFactory()
      .getConfigModel()
    return Reflect.get(Object(model.logger_provider.processors[0]?.batch.exporter), 'kinesis')
  } finally {
    if (before === undefined) delete process.env['OTEL_CONFIG_FILE']
    else process.env['OTEL_CONFIG_FILE'] = before
  }
}

describe('configuration of the exporter', () => {
  it('comes from the environment', () => {
    assert.deepEqual(
      exporterOptionsFromEnvironment({
        OTEL_EXPORTER_KINESIS_STREAM_NAME: ' logs ',
        OTEL_EXPORTER_KINESIS_REGION: 'eu-west-1',
        OTEL_EXPORTER_KINESIS_ENCODING: 'otlp-json',
        OTEL_EXPORTER_KINESIS_COMPRESSION: 'gzip',
        OTEL_EXPORTER_KINESIS_PARTITION_KEY: 'resource:service.name',
        OTEL_EXPORTER_KINESIS_TIMEOUT: '5000',
        OTEL_EXPORTER_KINESIS_BUFFER_BYTES: '',
      }),
      {
        streamName: 'logs',
        region: 'eu-west-1',
        encoding: 'otlp-json',
        packing: { kind: 'concat', compression: 'gzip' },
        partitionKey: { resource: 'service.name' },
        exportTimeout: 5000,
      },
    )
    assert.deepEqual(
      batchOptionsFromEnvironment({
        OTEL_BLRP_SCHEDULE_DELAY: '100',
        OTEL_BLRP_EXPORT_TIMEOUT: '2000',
        OTEL_BLRP_MAX_QUEUE_SIZE: '3000',
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '400',
      }),
      {
        scheduledDelayMillis: 100,
        exportTimeoutMillis: 2000,
        maxQueueSize: 3000,
        maxExportBatchSize: 400,
      },
    )
    assert.deepEqual(exporterOptionsFromEnvironment({}), {})
  })

  it('is ignored where it is wrong, with a warning that names the variable', () => {
    const warned: string[] = []
    const warn = (message: string): void => void warned.push(message)
    const prefix = 'OTEL_EXPORTER_KINESIS_'
    assert.deepEqual(
      exporterOptionsFromEnvironment(
        {
          [`${prefix}STREAM_NAME`]: 's',
          [`${prefix}STREAM_ARN`]: 'arn:aws:kinesis:eu-west-1:123456789012:stream/s',
          [`${prefix}ENDPOINT`]: 'nowhere',
          [`${prefix}ENCODING`]: 'constructor',
          [`${prefix}COMPRESSION`]: 'zip',
          [`${prefix}PARTITION_KEY`]: 'x',
          [`${prefix}TIMEOUT`]: 'soon',
          [`${prefix}SHUTDOWN_TIMEOUT`]: '0',
          [`${prefix}BUFFER_BYTES`]: '1e9',
        },
        warn,
      ),
      { streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/s' },
    )
    assert.deepEqual(
      batchOptionsFromEnvironment(
        {
          OTEL_BLRP_SCHEDULE_DELAY: '5s',
          OTEL_BLRP_EXPORT_TIMEOUT: '0',
          OTEL_BLRP_MAX_QUEUE_SIZE: '-1',
          OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '0',
        },
        warn,
      ),
      {},
    )
    assert.deepEqual(
      warned.map(message => /^OTEL_[A-Z_]+ is ignored(: it must be|, since)/.exec(message)?.[1]),
      [', since', ...Array.from({ length: 11 }, () => ': it must be')],
      warned.join('\n'),
    )
    assert.throws(
      () => new KinesisLogRecordExporter(exporterOptionsFromEnvironment({})),
      /needs streamName/,
    )
  })

  it('takes the wire format for the client it makes, not for yours', async () => {
    const make = (options: object) => () =>
      new KinesisLogRecordExporter({ streamName: 's', ...options })
    assert.throws(make({ wireFormat: 'xml' }), /wireFormat must be one of json, cbor, not "xml"/)
    assert.throws(
      make({ wireFormat: 'cbor', client: new FakeClient() }),
      /wireFormat and client cannot be given together; give it to createKinesisClient/,
    )
    const types = new Set<string | undefined>()
    const server = createServer((request, response) => {
      types.add(request.headers['content-type'])
      const stored = '{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"}]}'
      request.resume().on('end', () => response.end(stored))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      wireFormat: 'cbor',
      shutdownTimeout: 500,
    })
    const provider = new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter })],
    })
    // The first request is the SDK's own, in JSON.
    for (const body of ['first', 'second']) {
      provider.getLogger('t').emit({ body })
      await new Promise<void>(resolve => setImmediate(resolve))
      await exporter.forceFlush()
    }
    await provider.shutdown()
    server.close()
    assert.ok(types.has('application/x-amz-cbor-1.1'), [...types].join())
  })

  it('comes from a YAML file as the SDK reads it, with what it leaves empty not given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'otel-config-'))
    const file = join(folder, 'otel.yaml')
    writeFileSync(
      file,
      `file_format: "1.0"
logger_provider:
  processors:
    - batch:
        exporter:
          kinesis:
            stream_name: \${KINESIS_TEST_STREAM:-logs}
            region: us-east-1
            endpoint:
            credentials:
            logger: ~
            buffer_bytes: null
            packing:
              kind: concat
              compression: gzip
              max_bytes: 100000
              terminator:
            partition_key:
              resource: service.name
            self_obs_meter_provider:
            export_timeout: 1000
            acknowledge:
`,
    )
    const properties = kinesisPropertiesIn(file)
    rmSync(folder, { recursive: true })
    assert.equal(Reflect.get(properties, 'stream_name'), 'logs')
    const client = new FakeClient()
    const { region: _, ...others } = properties
    const exporter = kinesisComponent.createComponent({ ...others, client })
    const log = { ...ORDINARY, resource: { attributes: { 'service.name': 'shop' } } }
    const result = await new Promise(resolve => exporter.export([log], resolve))
    assert.deepEqual(result, { code: 0 })
    const [record] = client.calls.flat()
    assert.equal(record?.PartitionKey, 'shop')
    assert.equal(decodeLogs(record.Data)[0]?.body, 'body')
    await exporter.shutdown()
    // As it stands, region and all.
    await kinesisComponent.createComponent(properties).shutdown()
  })

  it('comes from a declarative file, in snake case', async () => {
    const { type, name } = kinesisComponent
    assert.deepEqual([type, name], ['LogRecordExporter', 'kinesis'])
    const exporter = kinesisComponent.createComponent({
      stream_name: 'logs',
      region: 'us-east-1',
      packing: { kind: 'concat', max_bytes: 100_000, compression: 'gzip' },
      export_timeout: 1000,
    })
    await exporter.shutdown()
    assert.throws(() => kinesisComponent.createComponent(null), /needs streamName/)
    assert.throws(
      () => kinesisComponent.createComponent({ stream_name: 's', strem: 1 }),
      /no option "strem"/,
    )
    assert.throws(() => kinesisComponent.createComponent(['x'] as never), /must be a map/)
  })
})
