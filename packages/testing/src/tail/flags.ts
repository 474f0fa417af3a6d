import { parseArgs } from 'node:util'
import { ConfigError, checkOneOf, show } from '@kinesis-producer/core/adapter/rules'
import { LEVEL_NAMES, rankOfName } from './levels.js'
import type { Since, TailSettings } from './settings.js'

export const HELP: string = `Usage: kinesis-tail STREAM [flags]

Shows what is in an Amazon Kinesis data stream, a line for each record that was added: packs, gzip,
aggregates of the KPL and, with @kinesis-producer/otel-exporter installed, OTLP are taken apart.
Ctrl-C ends it with a summary.

  STREAM             its name or ARN
  --region REGION    default: AWS_REGION or the profile
  --endpoint URL     an emulator or a VPC endpoint
  --since WHEN       start, now (default), 10m (s, m, h, d ago) or a time such as 2026-01-31T12:00Z
  --until WHEN       the same; stops there
  --follow           wait for more at the end (default unless --since or --until is given)
  --limit N          stop after so many lines
  --key KEY          only this partition key; may be repeated
  --shard SHARD      only this shard, by its id or number; may be repeated
  --text TEXT        only lines that contain it
  --level LEVEL      only lines of this level and above: ${LEVEL_NAMES.slice(0, 6).join(', ')} ...
  --json             an object a line, with key, shard, sequence number and time
  --pretty           for people
  --decode KIND      auto (default), none, concat, kpl, otlp-proto or otlp-json
  --quiet            no progress and no summary
  --help

A shard is read four times a second at most, of the five that the service allows all its readers.
Lines of one shard come in their order, and those of different shards as they are read.
Needed: kinesis:ListShards, kinesis:GetShardIterator, kinesis:GetRecords.
`

export type Invocation =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run'
      readonly settings: TailSettings
      readonly region: string | undefined
      readonly endpoint: string | undefined
      readonly quiet: boolean
    }

/** @throws {ConfigError} naming the flag */
export const readInvocation = (args: readonly string[], now: number): Invocation => {
  const { values, positionals } = parse(args)
  if (values.help === true) return { kind: 'help' }
  const [stream, ...more] = positionals
  if (stream === undefined || stream === '' || more.length > 0)
    throw new ConfigError('say which stream: kinesis-tail STREAM; see --help')
  if (values.json === true && values.pretty === true)
    throw new ConfigError('give one of --json and --pretty')
  const since = values.since === undefined ? 'now' : whenOf('since', values.since, now)
  const until = values.until === undefined ? undefined : whenOf('until', values.until, now)
  if (until === 'start') throw new ConfigError('--until start would show nothing')
  return {
    kind: 'run',
    region: values.region,
    endpoint: values.endpoint,
    quiet: values.quiet === true,
    settings: {
      stream,
      since,
      until: until === 'now' ? now : until,
      follow: values.follow ?? (values.since === undefined && values.until === undefined),
      limit: limitOf(values.limit),
      format: values.json === true ? 'json' : values.pretty === true ? 'pretty' : 'lines',
      decode: checkOneOf('--decode', values.decode ?? 'auto', [
        'auto',
        'none',
        'concat',
        'kpl',
        'otlp-proto',
        'otlp-json',
      ]),
      keys: values.key ?? [],
      shards: (values.shard ?? []).map(shardId),
      text: values.text,
      level: levelOf(values.level),
    },
  }
}

const parse = (args: readonly string[]) => {
  const text = { type: 'string' } as const
  const list = { type: 'string', multiple: true } as const
  const yes = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        region: text,
        endpoint: text,
        since: text,
        until: text,
        follow: { ...yes, short: 'f' },
        limit: text,
        key: list,
        shard: list,
        text,
        level: text,
        json: yes,
        pretty: yes,
        decode: text,
        quiet: yes,
        help: { ...yes, short: 'h' },
      },
    })
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error))
  }
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const whenOf = (flag: string, text: string, now: number): Since => {
  if (text === 'start' || text === 'now') return text
  const [, number, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (number !== undefined) return now - Number(number) * (UNITS.get(unit) ?? 0)
  const time = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new ConfigError(
    `--${flag} must be start, now, a time ago such as 10m, or a time such as 2026-01-31T12:00Z, not ${show(text)}`,
  )
}

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new ConfigError(`--limit must be a whole number from 1, not ${show(text)}`)
}

const shardId = (text: string): string =>
  /^\d{1,12}$/.test(text) ? `shardId-${text.padStart(12, '0')}` : text

const levelOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const rank = rankOfName(text)
  if (rank !== undefined) return rank
  throw new ConfigError(`--level must be one of ${LEVEL_NAMES.join(', ')}, not ${show(text)}`)
}
