import type { ProducerConfig } from '@kinesis-producer/core'
import {
  ConfigError,
  checkBoolean,
  checkHashKey,
  checkInteger,
  checkMilliseconds,
  checkOneOf,
  checkOptionNames,
  checkPartitionKey,
  checkText,
  RETRY_DEFAULTS,
  type SharedOptions,
  show,
} from '@kinesis-producer/core/adapter/rules'

/** What becomes of a line larger than a record may be. */
export const OVERSIZE = ['truncate', 'drop', 'deadLetter'] as const
export type Oversize = (typeof OVERSIZE)[number]

/** Options of the transport. All plain data, since they cross into a worker thread. */
export interface PinoKinesisOptions extends SharedOptions {
  /**
   * Longest time the end of the process waits for deliveries, in milliseconds, up to `Infinity`. At
   * the end of the process Pino gives up after 10 s, so there it is 9 s at most, with a warning; the
   * helper's `close()` waits as long as is said.
   * @default 5000
   */
  readonly closeTimeout?: number | undefined
  /**
   * Longest time `logger.flush(callback)` waits for deliveries, in milliseconds, up to `Infinity`.
   * @default 8000
   */
  readonly flushTimeout?: number | undefined
  /**
   * Ends each line with a newline, as Firehose, Athena and grep want it. With `packing: concat` the
   * packing's terminator decides.
   * @default true
   */
  readonly newline?: boolean | undefined
  /**
   * The partition key of all lines, 1 to 256 characters. One key means one shard.
   * @default a random key for each line
   */
  readonly partitionKey?: string | undefined
  /**
   * The field whose value is the partition key: a name, a path such as `req.headers.host`, or a list
   * of names. Each line is parsed. Lines without it get a random key; long values are cut to 256.
   */
  readonly partitionKeyField?: string | readonly string[] | undefined
  /** The explicit hash key of all lines: a decimal number of 128 bits. */
  readonly explicitHashKey?: string | undefined
  /**
   * Lines below this level are left out: a number, one of pino's names, or one of `levels`. Lines
   * without a level are sent.
   */
  readonly minLevel?: number | string | undefined
  /**
   * The numbers of custom levels by name, as pino's `customLevels`, for `minLevel`. The helper learns
   * them from the logger.
   * @default {}
   */
  readonly levels?: Readonly<Record<string, number>> | undefined
  /** Fields put at the front of each line. A line's own field of that name wins. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /**
   * A line that does not fit into a record, with its key and what packing adds: cut to valid JSON with a mark, dropped, or written to the
   * dead letter file.
   * @default 'truncate'
   */
  readonly oversize?: Oversize | undefined
  /**
   * File for lines that could not be delivered, one JSON object a line; `pino-kinesis --replay`
   * sends them again.
   */
  readonly deadLetterFile?: string | undefined
  /**
   * Largest size of that file; what comes after is lost, and counted.
   * @default 104857600 (100 MiB)
   */
  readonly deadLetterMaxBytes?: number | undefined
  /**
   * How often `kinesis:stats` is emitted, in milliseconds; 0: never.
   * @default 10000
   */
  readonly statsInterval?: number | undefined
}

/** The options of the transport's own, resolved. */
export interface LineOptions {
  readonly closeTimeout: number
  readonly flushTimeout: number
  readonly newline: boolean
  readonly partitionKey: string | undefined
  readonly partitionKeyPath: readonly string[] | undefined
  readonly explicitHashKey: string | undefined
  /** Lines from this level on are sent ... */
  readonly minLevel: number
  /** ... up to below this one. */
  readonly belowLevel: number
  /** Numbers of levels by their names in small letters. */
  readonly levels: ReadonlyMap<string, number>
  readonly fields: Readonly<Record<string, unknown>>
  readonly oversize: Oversize
  readonly deadLetterFile: string | undefined
  readonly deadLetterMaxBytes: number
  readonly statsInterval: number
}

/** The producer's options, tuned for logs: an outage must cost old lines, never the application. */
export const DEFAULTS: ProducerConfig & Readonly<{ bufferSize: number; bufferBytes: number }> = {
  ...RETRY_DEFAULTS,
  batchSize: 500,
  bufferSize: 200_000,
  bufferBytes: 16 * 1024 * 1024,
  flushInterval: 200,
  whenFull: 'dropOldest',
  requestTimeout: 10_000,
}

/** Longest waits, in milliseconds, when none are given. */
export const DEFAULT_CLOSE_TIMEOUT_MS = 5000
export const DEFAULT_FLUSH_TIMEOUT_MS = 8000

/** At the end of the process pino blocks the main thread, 10 s at most. */
export const MAX_EXIT_MS = 9000

/** The transport's own options. */
export const OWN_NAMES: readonly string[] = [
  'closeTimeout',
  'flushTimeout',
  'newline',
  'partitionKey',
  'partitionKeyField',
  'explicitHashKey',
  'minLevel',
  'levels',
  'fields',
  'oversize',
  'deadLetterFile',
  'deadLetterMaxBytes',
  'statsInterval',
]

/** What pino and the helper add to them, and what only a program can give that runs the transport in process. */
export const UNLISTED_NAMES: readonly string[] = [
  '$context',
  '$helper',
  'pinoWillSendConfig',
  'client',
  'logger',
  'onDrop',
  'onRequest',
  'statReceiver',
  'clock',
  'random',
]

/** Pino's own levels by name. */
export const LEVELS: ReadonlyMap<string, number> = new Map([
  ['trace', 10],
  ['debug', 20],
  ['info', 30],
  ['warn', 40],
  ['error', 50],
  ['fatal', 60],
])

const WHERE = 'pino-transport'
const DEFAULT_DEAD_LETTER_BYTES = 100 * 1024 * 1024
const MAX_PATH_CHARACTERS = 4096

/** A duration; any number up to infinity. */
export const checkTimeout = (name: string, value: unknown, min: number): number => {
  if (typeof value === 'number' && value >= min) return Math.ceil(value)
  throw new ConfigError(
    `${name} must be a number of milliseconds from ${min} on, or Infinity, not ${show(value)}`,
  )
}

/** Pino's levels and the user's, by their names in small letters, as lines with names are read. */
const levelsOf = (value: unknown): ReadonlyMap<string, number> => {
  if (value === undefined || value === null) return LEVELS
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(
      `${WHERE}: levels must be an object such as { notice: 35 }, not ${show(value)}`,
    )
  const levels = new Map(LEVELS)
  for (const [name, level] of Object.entries(value)) {
    if (typeof level !== 'number' || !Number.isFinite(level))
      throw new ConfigError(`${WHERE}: levels.${name} must be a number, not ${show(level)}`)
    levels.set(name.toLowerCase(), level)
  }
  return levels
}

const levelOf = (option: string, value: unknown, levels: ReadonlyMap<string, number>): number => {
  if (value === undefined || value === null) return Number.NEGATIVE_INFINITY
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (value === 'silent') return Number.POSITIVE_INFINITY
  const named = typeof value === 'string' ? levels.get(value.toLowerCase()) : undefined
  if (named !== undefined) return named
  throw new ConfigError(
    `${WHERE}: ${option} must be a number or one of ${[...levels.keys()].join(', ')}, not ${show(value)}; ` +
      'a custom level must be in levels, such as { notice: 35 }',
  )
}

/** Which levels are sent: `minLevel`, and what the helper was told of Kinesis and other targets. */
const levelRange = (
  options: PinoKinesisOptions,
  levels: ReadonlyMap<string, number>,
): { minLevel: number; belowLevel: number } => {
  const helper: unknown = Reflect.get(options, '$helper')
  const level = levelOf('level', Reflect.get(Object(helper), 'level'), levels)
  const others: unknown = Reflect.get(Object(helper), 'otherLevels')
  const higher = (Array.isArray(others) ? others : [])
    .map(other => levelOf("a target's level", other, levels))
    .filter(other => other > level)
  return {
    minLevel: Math.max(level, levelOf('minLevel', options.minLevel, levels)),
    belowLevel: Math.min(Number.POSITIVE_INFINITY, ...higher),
  }
}

const pathOf = (value: unknown): readonly string[] | undefined => {
  if (value === undefined || value === null) return undefined
  const names: readonly unknown[] =
    typeof value === 'string' ? value.split('.') : Array.isArray(value) ? value : []
  const path = names.filter(name => typeof name === 'string').filter(name => name !== '')
  if (path.length > 0 && path.length === names.length) return path
  throw new ConfigError(
    `${WHERE}: partitionKeyField must be a name, a path such as "req.id" or a list of names, not ${show(value)}`,
  )
}

/** Copied, so that nobody changes them later; and JSON, since they become part of each line. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`${WHERE}: fields must be an object, not ${show(value)}`)
  try {
    JSON.stringify(value)
  } catch (error) {
    throw new ConfigError(
      `${WHERE}: fields must be what JSON can hold: ${error instanceof Error ? error.message : show(error)}`,
      { cause: error },
    )
  }
  return { ...value }
}

/** @throws {ConfigError} naming the option that is wrong */
export const resolveLineOptions = (options: PinoKinesisOptions): LineOptions => {
  checkOptionNames(WHERE, options, OWN_NAMES, UNLISTED_NAMES)
  const name = (option: keyof PinoKinesisOptions): string => `${WHERE}: ${option}`
  const levels = levelsOf(options.levels)

  const newline = checkBoolean(name('newline'), options.newline ?? true)
  if (!newline && options.packing?.kind === 'concat')
    throw new ConfigError(
      `${WHERE}: newline: false and packing concat cannot be given together; set packing.terminator`,
    )
  const partitionKey = checkPartitionKey(name('partitionKey'), options.partitionKey)
  const partitionKeyPath = pathOf(options.partitionKeyField)
  if (partitionKey !== undefined && partitionKeyPath !== undefined)
    throw new ConfigError(`${WHERE}: give partitionKey or partitionKeyField, not both`)
  const oversize = checkOneOf(name('oversize'), options.oversize ?? 'truncate', OVERSIZE)
  const deadLetterFile = checkText(
    name('deadLetterFile'),
    options.deadLetterFile,
    MAX_PATH_CHARACTERS,
  )
  if (oversize === 'deadLetter' && deadLetterFile === undefined)
    throw new ConfigError(`${WHERE}: oversize deadLetter needs deadLetterFile`)
  return Object.freeze({
    closeTimeout: checkTimeout(
      name('closeTimeout'),
      options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT_MS,
      0,
    ),
    flushTimeout: checkTimeout(
      name('flushTimeout'),
      options.flushTimeout ?? DEFAULT_FLUSH_TIMEOUT_MS,
      0,
    ),
    newline,
    partitionKey,
    partitionKeyPath,
    explicitHashKey: checkHashKey(name('explicitHashKey'), options.explicitHashKey),
    ...levelRange(options, levels),
    levels,
    fields: fieldsOf(options.fields),
    oversize,
    deadLetterFile,
    deadLetterMaxBytes: checkInteger(
      name('deadLetterMaxBytes'),
      options.deadLetterMaxBytes ?? DEFAULT_DEAD_LETTER_BYTES,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    statsInterval: checkMilliseconds(name('statsInterval'), options.statsInterval ?? 10_000, 0),
  })
}
