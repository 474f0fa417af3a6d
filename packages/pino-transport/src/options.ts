import { ConfigError, type ProducerConfig, type SharedOptions } from '@kinesis-producer/core'

/** What becomes of a line larger than a record may be. */
export const OVERSIZE = ['truncate', 'drop', 'deadLetter'] as const
export type Oversize = (typeof OVERSIZE)[number]

/** Options of the transport. All plain data, since they cross into a worker thread. */
export interface PinoKinesisOptions extends SharedOptions {
  /**
   * Longest time the end of the process waits for deliveries, in milliseconds. Pino gives up after
   * 10 s, so stay below.
   * @default 5000
   */
  readonly closeTimeout?: number | undefined
  /**
   * Longest time `logger.flush(callback)` waits for deliveries, in milliseconds.
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
   * Lines below this level are left out: a number, or one of pino's names. Lines without a level
   * are sent.
   */
  readonly minLevel?: number | string | undefined
  /** Fields put at the front of each line. A line's own field of that name wins. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
  /**
   * A line larger than `maxRecordBytes`: cut to valid JSON with a mark, dropped, or written to the
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
  readonly minLevel: number
  readonly fields: Readonly<Record<string, unknown>>
  readonly oversize: Oversize
  readonly maxRecordBytes: number
  readonly deadLetterFile: string | undefined
  readonly deadLetterMaxBytes: number
  readonly statsInterval: number
}

/** The producer's options, tuned for logs: an outage must cost old lines, never the application. */
export const DEFAULTS: ProducerConfig = {
  batchSize: 500,
  bufferSize: 200_000,
  bufferBytes: 16 * 1024 * 1024,
  flushInterval: 200,
  whenFull: 'dropOldest',
  requestTimeout: 10_000,
}

/** The transport's own options, and what pino itself adds to them. */
export const OWN_NAMES: readonly string[] = [
  'closeTimeout',
  'flushTimeout',
  'newline',
  'partitionKey',
  'partitionKeyField',
  'explicitHashKey',
  'minLevel',
  'fields',
  'oversize',
  'deadLetterFile',
  'deadLetterMaxBytes',
  'statsInterval',
  '$context',
  'pinoWillSendConfig',
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

const MIB = 1024 * 1024
const MAX_KEY = 256
const MAX_HASH_KEY = 2n ** 128n

const show = (value: unknown): string => JSON.stringify(value) ?? String(value)

const refuse = (name: string, wanted: string, value: unknown): never => {
  throw new ConfigError(`pino-transport: ${name} must be ${wanted}, not ${show(value)}`)
}

const wholeNumber = (
  name: string,
  value: number | undefined,
  fallback: number,
  what = 'milliseconds above 0',
  least = 1,
): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= least && value <= 2 ** 40) return value
  return refuse(name, `a whole number of ${what}`, value)
}

const text = (name: string, value: string | undefined, most: number): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= most) return value
  return refuse(name, `a text of 1 to ${most} characters`, value)
}

const hashKey = (value: string | undefined): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^\d{1,39}$/.test(value) && BigInt(value) < MAX_HASH_KEY)
    return value
  return refuse('explicitHashKey', 'a decimal number below 2^128, as a text', value)
}

const level = (value: number | string | undefined): number => {
  if (value === undefined) return Number.NEGATIVE_INFINITY
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const named = LEVELS.get(String(value))
  return named ?? refuse('minLevel', `a number or one of ${[...LEVELS.keys()].join(', ')}`, value)
}

const path = (value: string | readonly string[] | undefined): readonly string[] | undefined => {
  if (value === undefined) return undefined
  const names: readonly unknown[] = typeof value === 'string' ? value.split('.') : value
  if (
    Array.isArray(names) &&
    names.length > 0 &&
    names.every(name => typeof name === 'string' && name !== '')
  )
    return names.map(String)
  return refuse('partitionKeyField', 'a name, a path such as "req.id" or a list of names', value)
}

/** @throws {ConfigError} naming the option that is wrong */
export const resolveLineOptions = (options: PinoKinesisOptions): LineOptions => {
  const { fields = {}, newline = true, oversize = 'truncate', maxRecordBytes } = options
  if (typeof newline !== 'boolean') refuse('newline', 'true or false', newline)
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    refuse('fields', 'an object', fields)
  if (!OVERSIZE.includes(oversize)) refuse('oversize', `one of ${OVERSIZE.join(', ')}`, oversize)
  if (!newline && options.packing?.kind === 'concat')
    throw new ConfigError(
      'pino-transport: newline: false and packing concat cannot be given together; set packing.terminator',
    )
  const both = options.partitionKey !== undefined && options.partitionKeyField !== undefined
  if (both)
    throw new ConfigError('pino-transport: give partitionKey or partitionKeyField, not both')
  const deadLetterFile = text('deadLetterFile', options.deadLetterFile, 4096)
  if (oversize === 'deadLetter' && deadLetterFile === undefined)
    throw new ConfigError('pino-transport: oversize deadLetter needs deadLetterFile')
  return Object.freeze({
    closeTimeout: wholeNumber('closeTimeout', options.closeTimeout, 5000),
    flushTimeout: wholeNumber('flushTimeout', options.flushTimeout, 8000),
    newline,
    partitionKey: text('partitionKey', options.partitionKey, MAX_KEY),
    partitionKeyPath: path(options.partitionKeyField),
    explicitHashKey: hashKey(options.explicitHashKey),
    minLevel: level(options.minLevel),
    fields,
    oversize,
    maxRecordBytes: typeof maxRecordBytes === 'number' ? maxRecordBytes : MIB,
    deadLetterFile,
    deadLetterMaxBytes: wholeNumber(
      'deadLetterMaxBytes',
      options.deadLetterMaxBytes,
      100 * MIB,
      'bytes above 0',
    ),
    statsInterval: wholeNumber('statsInterval', options.statsInterval, 10_000, 'milliseconds', 0),
  })
}
