import assert from 'node:assert/strict'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { LOG_OPTION_NAMES } from '@kinesis-producer/otel-exporter/internal/options'
import { pinoKinesis } from '@kinesis-producer/pino-transport'
import {
  DEFAULTS,
  OWN_NAMES,
  resolveLineOptions,
} from '@kinesis-producer/pino-transport/internal/options'
import { FakeClient } from '../support/core/fake-client.js'
import { codesIn, readText, rowsOf } from '../support/tables.js'

const tableOf = (path: string): [string[], string[], string][] =>
  rowsOf(readText(path), '## Options').map(([names = '', values = '']) => [
    codesIn(names),
    values.split(',').map(value => value.trim()),
    names,
  ])
const target = { streamName: 's', client: new FakeClient() }
/** What goes into `target` already, or cannot go beside it. */
const TARGET = new Set([
  'streamName',
  'streamArn',
  'region',
  'endpoint',
  'credentials',
  'roleArn',
  'roleSessionName',
  'externalId',
  'client',
  'wireFormat',
])

describe('the table of options in the README', () => {
  it('of the exporter and the processor has all of theirs, and none they refuse', async () => {
    const table = tableOf('packages/otel-exporter/README.md')
    const names = new Set(table.flatMap(([all]) => all))
    for (const name of LOG_OPTION_NAMES) assert.ok(names.has(name), name)
    for (const [all, , cell] of table)
      for (const name of all.filter(one => !TARGET.has(one))) {
        const options = { ...target, [name]: undefined }
        if (!cell.includes('(processor)')) await new KinesisLogRecordExporter(options).shutdown()
        if (!cell.includes('(exporter)')) await new KinesisLogRecordProcessor(options).shutdown()
        const other = cell.includes('(exporter)')
          ? KinesisLogRecordProcessor
          : KinesisLogRecordExporter
        if (/\((exporter|processor)\)/.test(cell))
          assert.throws(() => new other(options), /no option/, name)
      }
  })

  it('of the transport has all of its own, and none it refuses, with their defaults', () => {
    const table = tableOf('packages/pino-transport/README.md')
    const names = new Set(table.flatMap(([all]) => all))
    for (const name of OWN_NAMES) assert.ok(names.has(name), name)
    const resolved: object = { ...DEFAULTS, ...resolveLineOptions({}) }
    let compared = 0
    for (const [all, values] of table)
      for (const [i, name] of all.entries()) {
        if (TARGET.has(name)) continue
        pinoKinesis({ ...target, logger: false, [name]: undefined }).destroy()
        const documented = values[i]?.replaceAll(/[`' ]/g, '') ?? ''
        const bytes = /^(\d+)MiB$/.exec(documented)?.[1]
        const expected = bytes === undefined ? documented : String(Number(bytes) * 1024 * 1024)
        const value: unknown = Reflect.get(resolved, name)
        if (/^\d+$|^true$|^[a-z]+[A-Z]\w+$|^truncate$/.test(expected)) {
          assert.equal(String(value), expected, name)
          compared++
        }
      }
    assert.ok(compared >= 10, `${compared} defaults compared`)
  })
})
