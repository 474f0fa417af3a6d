import assert from 'node:assert/strict'
import { gunzipSync, gzipSync } from 'node:zlib'
import { KinesisLogRecordProcessor } from '@kinesis-producer/otel-exporter'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { context, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import fc from 'fast-check'
import { FakeClient } from '../../support/core/fake-client.js'
import { encode } from '../../support/otel/encode.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

const span = trace.wrapSpanContext({
  traceId: 'ab'.repeat(16),
  spanId: '01'.repeat(8),
  traceFlags: 1,
})

describe('decodeLogs', () => {
  for (const encoding of ['otlp-proto', 'otlp-json'] as const) {
    for (const compression of ['none', 'gzip'] as const) {
      it(`reads back what was written (${encoding}, ${compression})`, async () => {
        const client = new FakeClient()
        const processor = new KinesisLogRecordProcessor({
          streamName: 's',
          client,
          encoding,
          packing: { kind: 'concat', compression },
        })
        const provider = new LoggerProvider({
          processors: [processor],
          resource: resourceFromAttributes({ 'service.name': 'shop' }),
        })
        const logger = provider.getLogger('lib', '1.0')
        logger.emit({
          timestamp: [1_700_000_000, 123_456_789],
          observedTimestamp: [1_700_000_001, 1],
          severityNumber: SeverityNumber.WARN,
          severityText: 'WARN',
          eventName: 'bought',
          body: { items: [1, null, 'x', 1.5], big: 2 ** 60, bytes: Uint8Array.of(1, 2) },
          attributes: { user: 'u1', ok: true, __proto__x: 'y' },
          context: trace.setSpan(context.active(), span),
        })
        provider.getLogger('other').emit({ body: 'second' })
        await provider.shutdown()
        const logs = client.calls.flat().flatMap(({ Data }) => decodeLogs(Data, { encoding }))
        assert.equal(logs.length, 2)
        const [first, second] = logs
        assert.deepEqual(first, {
          time: 1_700_000_000_123_456_789n,
          observedTime: 1_700_000_001_000_000_001n,
          severityNumber: 13,
          severityText: 'WARN',
          eventName: 'bought',
          body: { items: [1, null, 'x', 1.5], big: 2n ** 60n, bytes: Uint8Array.of(1, 2) },
          attributes: { user: 'u1', ok: true, __proto__x: 'y' },
          droppedAttributesCount: 0,
          traceId: 'ab'.repeat(16),
          spanId: '01'.repeat(8),
          traceFlags: 1,
          resource: { 'service.name': 'shop' },
          scope: { name: 'lib', version: '1.0' },
        })
        assert.equal(second?.body, 'second')
        assert.deepEqual(second?.scope, { name: 'other', version: undefined })
      })
    }
  }

  it('gives logs that survive JSON.stringify, bigints as text and bytes as base64', () => {
    const body = { big: 2n ** 60n, bytes: Uint8Array.of(1, 2), odd: Number.NaN, list: [2n ** 61n] }
    const log = { ...ORDINARY, body, attributes: { __proto__x: 2n ** 62n } }
    for (const encoding of ['otlp-proto', 'otlp-json'] as const) {
      const [chunk = Buffer.alloc(0)] = encode(encoding, [log]).chunks
      const logs = decodeLogs(chunk, { encoding })
      const [read] = JSON.parse(JSON.stringify(logs))
      assert.equal(read.time, '1700000000123456789')
      assert.deepEqual(read.body, {
        big: String(2n ** 60n),
        bytes: 'AQI=',
        odd: 'NaN',
        list: [String(2n ** 61n)],
      })
      assert.deepEqual(read.attributes, { __proto__x: String(2n ** 62n) })
      assert.equal(logs[0]?.time, 1_700_000_000_123_456_789n)
      assert.equal(Object.keys(logs[0] ?? {}).includes('toJSON'), false)
    }
  })

  it('says that a record is something else, whatever it is', () => {
    const wrong = { code: 'CORRUPT_RECORD' }
    assert.throws(() => decodeLogs(Buffer.from('no protobuf at all')), wrong)
    assert.throws(() => decodeLogs(Buffer.from('{"a":\n'), { encoding: 'otlp-json' }), wrong)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (data, zipped) => {
        const record = zipped ? gzipSync(data) : data
        for (const encoding of ['otlp-proto', 'otlp-json'] as const) {
          try {
            decodeLogs(record, { encoding })
          } catch (error) {
            assert.equal(Reflect.get(Object(error), 'code'), 'CORRUPT_RECORD', String(error))
          }
        }
        if (zipped) assert.deepEqual(new Uint8Array(gunzipSync(record)), data)
      }),
      { numRuns: 2000 },
    )
  })
})
