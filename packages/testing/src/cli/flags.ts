import { parseArgs } from 'node:util'
import { ConfigError, show } from '@kinesis-producer/core/adapter/rules'
import { FAULT_HELP } from '../faults/fault-text.js'
import type { KinesisOptions } from '../options.js'

export const HELP: string = `Usage: kinesis-test-server [flags]

Amazon Kinesis Data Streams for tests, in memory. Any credentials will do. Ends with Ctrl-C.

  --port PORT              default 4567; 0 takes a free one
  --host ADDRESS           default 127.0.0.1; nothing protects what listens on others
  --stream NAME[:SHARDS]   a stream; may be repeated. Without any, streams are made by their first use
  --shards N               shards of a stream that names none; default 1
  --limits aws             enforce the limits of shards: 1000 records, 1 MiB and 5 reads a second
  --latency MS             between storing and answering; default 0
  --fault KIND=SHARE       a fault, and how often (0 to 1); may be repeated
  --max-records N          most records a stream keeps; default 100000
  --seed N                 of the random numbers that pick for faults; default 1
  --help

Faults, some with a detail (KIND=SHARE:DETAIL):

${FAULT_HELP.map(([kind, help]) => `  ${kind.padEnd(12)} ${help}`).join('\n')}

While it runs:

  GET  /_test/summary             what was counted
  GET  /_test/records?stream=S    Kinesis records, data in base64; /_test/decoded: as they were added
  PUT  /_test/faults              the faults from now on, such as "throttle=0.3 lost=0.01"
  POST /_test/release             let hanging requests go on
  POST /_test/drop                close all connections
`

export interface Invocation {
  readonly help: boolean
  readonly options: KinesisOptions
  readonly faults: readonly string[]
}

/** @throws {ConfigError} naming the flag */
export const readInvocation = (args: readonly string[]): Invocation => {
  const values = parse(args)
  const streams = values.stream?.map(text => streamOf(text, whole('shards', values.shards) ?? 1))
  return {
    help: values.help ?? false,
    faults: values.fault ?? [],
    options: {
      port: whole('port', values.port) ?? 4567,
      host: values.host,
      shards: whole('shards', values.shards),
      streams: streams && Object.fromEntries(streams),
      limits: limitsOf(values.limits),
      latency: whole('latency', values.latency),
      maxRecords: whole('max-records', values['max-records']),
      seed: whole('seed', values.seed),
    },
  }
}

const parse = (args: readonly string[]) => {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: text,
        host: text,
        stream: { ...text, multiple: true },
        shards: text,
        limits: text,
        latency: text,
        fault: { ...text, multiple: true },
        'max-records': text,
        seed: text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error))
  }
}

const whole = (flag: string, value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new ConfigError(`--${flag} must be a whole number, not ${show(value)}`)
}

const streamOf = (text: string, shards: number): [string, number] => {
  const [name = '', count, more] = text.split(':')
  if (name === '' || more !== undefined)
    throw new ConfigError(`--stream must be NAME or NAME:SHARDS, not ${show(text)}`)
  return [name, whole('stream', count) ?? shards]
}

const limitsOf = (value: string | undefined): 'aws' | undefined => {
  if (value === undefined || value === 'aws') return value
  throw new ConfigError(`--limits must be aws, not ${show(value)}`)
}
