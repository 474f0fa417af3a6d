import assert from 'node:assert/strict'
import type { KinesisLogRecordExporterOptions } from '@kinesis-producer/otel-exporter'
import {
  batchOptionsFromEnvironment,
  exporterOptionsFromEnvironment,
} from '@kinesis-producer/otel-exporter'
import { honourLogLevel } from '@kinesis-producer/otel-exporter/internal/register/announce'
import { componentFrom } from '@kinesis-producer/otel-exporter/internal/register/components'
import { detectResource } from '@kinesis-producer/otel-exporter/internal/register/detectors'
import { disabledBy } from '@kinesis-producer/otel-exporter/internal/register/disabled'
import { loadSdk, makeProvider } from '@kinesis-producer/otel-exporter/internal/register/sdk'
import { diag } from '@opentelemetry/api'
import fc from 'fast-check'

const P = 'OTEL_EXPORTER_KINESIS_'
const MAX_TIMEOUT = 2 ** 31 - 1

/** What operators, templates and shells put into a variable. */
const VALUES: readonly string[] = [
  '',
  ' ',
  '\t\n',
  'NaN',
  '-1',
  '-0',
  '0',
  '1e999',
  '1e3',
  '0x10',
  '1.5',
  '+5',
  '1_000',
  '5s',

  'Infinity',
  '9'.repeat(16),
  '9'.repeat(400),
  '2147483648',
  'undefined',
  'null',
  '[object Object]',

  '"60000"',
  "'gzip'",
  '__proto__',
  'constructor',
  'toString',
  '{"a":1}',
  '[]',
  '$STREAM',
  '%s',

  'localhost:4567',
  'http://',
  'ftp://x',
  '//x',
  'resource:',
  'resource: ',
  'RANDOM',
  'ü😀',
  '\ud800',

  'true',
  'false',
  'a\nb',
  'x'.repeat(5000),
  `resource:${'x'.repeat(5000)}`,
  `http://${'x'.repeat(5000)}`,

  Array.from({ length: 500 }, (_, i) => `nonesuch${i}`).join(),
]
const EACH = VALUES.map((value): [string] => [value])
const ODD = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.json(),
  fc.double().map(String),
  fc.bigInt().map(String),
)

const whole =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (value: unknown) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
const text = (max: number) => (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= max
const oneOf =
  (...allowed: readonly unknown[]) =>
  (value: unknown) =>
    allowed.includes(value)

/** Each variable, the option it becomes, and what that may be; without an option: text that is as it is. */
const KINESIS: readonly (readonly [string, string, (value: unknown) => boolean])[] = [
  ['REGION', 'region', text(2048)],
  ['ENDPOINT', 'endpoint', value => text(2048)(value) && /^https?:/i.test(String(value))],
  ['ROLE_SESSION_NAME', 'roleSessionName', () => false],
  ['EXTERNAL_ID', 'externalId', () => false],
  ['ENCODING', 'encoding', oneOf('otlp-proto', 'otlp-json', 'json')],
  [
    'COMPRESSION',
    'packing',
    value => JSON.stringify(value) === '{"kind":"concat","compression":"gzip"}',
  ],
  [
    'PARTITION_KEY',
    'partitionKey',
    value =>
      value === 'random' ||
      value === 'traceId' ||
      text(4096)(Reflect.get(Object(value), 'resource')),
  ],
  ['TIMEOUT', 'exportTimeout', whole(1, MAX_TIMEOUT)],
  ['SHUTDOWN_TIMEOUT', 'shutdownTimeout', whole(1, MAX_TIMEOUT)],
  ['BUFFER_BYTES', 'bufferBytes', whole(1_048_576)],
]
const BATCH: typeof KINESIS = [
  ['SCHEDULE_DELAY', 'scheduledDelayMillis', whole(0, MAX_TIMEOUT)],
  ['EXPORT_TIMEOUT', 'exportTimeoutMillis', whole(1, MAX_TIMEOUT)],
  ['MAX_QUEUE_SIZE', 'maxQueueSize', whole(1)],
  ['MAX_EXPORT_BATCH_SIZE', 'maxExportBatchSize', whole(1)],
]
const NAMES = [
  ...KINESIS.map(([name]) => `${P}${name}`),
  ...BATCH.map(([name]) => `OTEL_BLRP_${name}`),
  `${P}PROCESSOR`,
  'OTEL_NODE_RESOURCE_DETECTORS',
  'OTEL_SDK_DISABLED',
  'OTEL_LOGS_EXPORTER',
]
const ENVIRONMENT = fc.record(Object.fromEntries(NAMES.map(name => [name, ODD])), {
  requiredKeys: [],
})

/** Each variable is named by one warning at most, of one line that nothing makes long. */
const assertSaidOnce = (said: readonly string[]): void => {
  const names = said.map(line => /^OTEL_[A-Z_]+/.exec(line)?.[0])
  assert.ok(!names.includes(undefined), said.join('\n'))
  assert.equal(new Set(names).size, said.length, said.join('\n'))
  for (const line of said) assert.ok(line.length < 500 && !line.includes('\n'), line)
}

describe('an environment with any values', () => {
  for (const [prefix, table, read] of [
    [P, KINESIS, exporterOptionsFromEnvironment],
    ['OTEL_BLRP_', BATCH, batchOptionsFromEnvironment],
  ] as const)
    for (const [name, option, isRight] of table)
      it(`has ${prefix}${name} as an option that is right, or ignores it and says so once`, () => {
        fc.assert(
          fc.property(ODD, value => {
            const said: string[] = []
            const variable = `${prefix}${name}`
            const options = read({ [variable]: value }, message => said.push(message))
            const given: unknown = Reflect.get(options, option)
            assertSaidOnce(said)
            assert.deepEqual(Object.keys(options), given === undefined ? [] : [option])
            if (given !== undefined) {
              assert.ok(isRight(given), JSON.stringify(given))
              assert.deepEqual(said, [])
            } else if (value.trim() !== '' && value.trim() !== 'none') {
              assert.ok(said[0]?.startsWith(`${variable} is ignored`), said[0])
            } else assert.deepEqual(said, [])
          }),
          { numRuns: 200, examples: EACH },
        )
      })

  it('keeps a role’s right session name and external id, not wrong ones', () => {
    const ROLE_ARN = { [`${P}ROLE_ARN`]: 'arn:aws:iam::123456789012:role/writer' }
    fc.assert(
      fc.property(ODD, ODD, (session, id) => {
        const said: string[] = []
        const { roleSessionName, externalId, roleArn } = exporterOptionsFromEnvironment(
          { ...ROLE_ARN, [`${P}ROLE_SESSION_NAME`]: session, [`${P}EXTERNAL_ID`]: id },
          message => said.push(message),
        )
        assertSaidOnce(said)
        assert.ok(roleArn)
        for (const [given, value, max] of [
          [session, roleSessionName, 64],
          [id, externalId, 1224],
        ] as const) {
          const isRight =
            value === given.trim() && value.length <= max && /^[\w+=,.@:/-]+$/.test(value)
          assert.ok(value === undefined || isRight, value)
        }
        assert.equal(
          said.length,
          [roleSessionName, externalId].filter(
            (value, i) => value === undefined && [session, id][i]?.trim() !== '',
          ).length,
        )
      }),
    )
  })

  it('makes a component and a provider that end, and says each variable once', async () => {
    const sdk = loadSdk()
    const said: string[] = []
    const say = (message: string): void => void said.push(message)
    diag.setLogger({ error: say, warn: say, info: say, debug: () => {}, verbose: () => {} })
    said.length = 0
    const options: KinesisLogRecordExporterOptions[] = []
    try {
      await fc.assert(
        fc.asyncProperty(ENVIRONMENT, fc.boolean(), async (odd, batch) => {
          said.length = 0
          const env = {
            AWS_REGION: 'us-east-1',
            ...odd,
            [`${P}STREAM_NAME`]: 's',
            ...(batch && { [`${P}PROCESSOR`]: 'batch' }),
          }
          disabledBy(env, say)
          const component = componentFrom(sdk, env)
          assert.ok(component !== undefined)
          options.push(component.options)
          assert.ok(component.shutdownTimeout > 0 && component.shutdownTimeout <= MAX_TIMEOUT)
          const provider = makeProvider(sdk, detectResource(sdk, env, say), component.processor)
          await provider.shutdown()
          component.ended()
          // The SDK's own word about a batch that is larger than its queue names no variable.
          assertSaidOnce(
            said.filter(line => line.startsWith('OTEL_') || !/maxExportBatchSize/.test(line)),
          )
        }),
        { numRuns: 60 },
      )
    } finally {
      diag.disable()
    }
    // Not all of it is ignored.
    assert.ok(options.some(one => Object.keys(one).length > 1))
  })

  it('has an OTEL_LOG_LEVEL that is right, or ignores it and says so once', () => {
    // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was
    const before = process.stderr.write
    const said: string[] = []
    process.stderr.write = (chunk: string | Uint8Array) => said.push(String(chunk)) > 0
    try {
      fc.assert(
        fc.property(ODD, value => {
          said.length = 0
          diag.disable()
          honourLogLevel({ OTEL_LOG_LEVEL: value })
          assert.equal(said.length, value.trim() === '' ? 0 : 1, value)
          if (said.length > 0)
            assert.match(said[0] ?? '', /^OTEL_LOG_LEVEL is ignored: .{1,100}\n$/)
        }),
        { numRuns: 200, examples: [['constructor'], ['WARN1']] },
      )
    } finally {
      process.stderr.write = before
      diag.disable()
    }
  })

  it('ends nothing but by true and none', () => {
    fc.assert(
      fc.property(ODD, ODD, (disabled, exporters) => {
        const said: string[] = []
        const by = disabledBy(
          { OTEL_SDK_DISABLED: disabled, OTEL_LOGS_EXPORTER: exporters },
          message => said.push(message),
        )
        assertSaidOnce(said)
        const isTrue = disabled.trim().toLowerCase() === 'true'
        assert.equal(by !== undefined, isTrue || /(^|,)\s*none\s*(,|$)/i.test(exporters))
        const isBoolean = ['', 'true', 'false'].includes(disabled.trim().toLowerCase())
        assert.equal(said.length, isBoolean ? 0 : 1)
      }),
      { numRuns: 300 },
    )
  })
})
