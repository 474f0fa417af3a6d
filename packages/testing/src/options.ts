import {
  ConfigError,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkKeys,
  checkMilliseconds,
  checkText,
  show,
} from '@kinesis-producer/core/adapter/rules'
import type { StoredRecord } from './streams/record-log.js'
import { AWS_SHARD_LIMITS, type ShardLimits } from './streams/shard-limiter.js'
import type { StreamOptions } from './streams/stream.js'

/** Options of `startKinesis`; all optional. `undefined` and `null` mean that one is not given. */
export interface KinesisOptions {
  /**
   * Streams that exist from the start, by name: their number of shards, or more. Given, no others
   * are made but by CreateStream; not given, any stream is made by its first use.
   * @default undefined
   */
  readonly streams?: Readonly<Record<string, number | StreamOptions>> | undefined
  /**
   * Shards of a stream that is made by its first use.
   * @default 1
   */
  readonly shards?: number | undefined
  /** @default 0: a free port */
  readonly port?: number | undefined
  /**
   * The address to listen on. There are no credentials to protect what listens on others.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * Milliseconds between storing and answering, for every request.
   * @default 0
   */
  readonly latency?: number | undefined
  /**
   * Limits that each shard enforces: `'aws'`, or your own.
   * @default undefined: there are none
   */
  readonly limits?: 'aws' | ShardLimits | undefined
  /**
   * Most records that a stream keeps: the oldest go first. 0 counts and keeps nothing, requests
   * neither.
   * @default 100000
   */
  readonly maxRecords?: number | undefined
  /**
   * Most bytes of data that a stream keeps.
   * @default 268435456 (256 MiB)
   */
  readonly maxBytes?: number | undefined
  /**
   * False: answers requests in CBOR as a service would that knows only JSON.
   * @default true
   */
  readonly cbor?: boolean | undefined
  /** Called with each record that is stored. */
  readonly onRecord?: ((stream: string, record: StoredRecord) => void) | undefined
  /**
   * Milliseconds since 1970; drives the limits and stamps the records.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined
  /**
   * Of the random numbers that pick requests and records for faults: the same seed, the same picks.
   * @default 1
   */
  readonly seed?: number | undefined
}

/** The options with their defaults. */
export interface Settings {
  readonly streams: ReadonlyMap<string, StreamOptions>
  readonly shardsOnUse: number | undefined
  readonly port: number
  readonly host: string
  readonly latency: number
  readonly limits: ShardLimits | undefined
  readonly maxRecords: number
  readonly maxBytes: number
  readonly cbor: boolean
  readonly onRecord: KinesisOptions['onRecord']
  readonly now: () => number
  readonly seed: number
}

const ANY = Number.MAX_SAFE_INTEGER
const MAX_SHARDS = 10_000
const MIB = 2 ** 20
/** Taken when the module is loaded: the clock of a test may stand still. */
const realNow = Date.now

const isGiven = <T>(value: T): value is NonNullable<T> => value !== undefined && value !== null

/** @throws {ConfigError} naming the option */
export const resolveOptions = (given: KinesisOptions): Settings => {
  checkKeys('startKinesis', given, [
    'streams',
    'shards',
    'port',
    'host',
    'latency',
    'limits',
    'maxRecords',
    'maxBytes',
    'cbor',
    'onRecord',
    'now',
    'seed',
  ])
  const { streams, onRecord, now, limits } = given
  const shards = checkInteger('shards', given.shards ?? 1, 1, MAX_SHARDS)
  if (isGiven(onRecord)) checkFunction('onRecord', onRecord)
  if (isGiven(now)) checkFunction('now', now)
  return {
    streams: new Map(isGiven(streams) ? streamsOf(streams) : []),
    shardsOnUse: isGiven(streams) ? undefined : shards,
    port: checkInteger('port', given.port ?? 0, 0, 65_535),
    host: checkText('host', given.host, 255) ?? '127.0.0.1',
    latency: checkMilliseconds('latency', given.latency ?? 0, 0),
    limits: isGiven(limits) ? limitsOf(limits) : undefined,
    maxRecords: checkInteger('maxRecords', given.maxRecords ?? 100_000, 0, ANY),
    maxBytes: checkInteger('maxBytes', given.maxBytes ?? 256 * MIB, 1, ANY),
    cbor: checkBoolean('cbor', given.cbor ?? true),
    onRecord: onRecord ?? undefined,
    now: now ?? realNow,
    seed: checkInteger('seed', given.seed ?? 1, 0, ANY),
  }
}

const streamsOf = (streams: unknown): [string, StreamOptions][] => {
  if (typeof streams !== 'object' || streams === null || Array.isArray(streams))
    throw new ConfigError(`streams must be an object such as { orders: 2 }, not ${show(streams)}`)
  return Object.entries(streams).map(([name, of]) => [name, streamOptions(`streams.${name}`, of)])
}

/** @throws {ConfigError} naming the option */
export const streamOptions = (where: string, given: number | StreamOptions): StreamOptions => {
  if (typeof given === 'number') return { shards: checkInteger(where, given, 1, MAX_SHARDS) }
  checkKeys(where, given, ['shards', 'maxRecordBytes', 'serviceDistributed'])
  const { shards, maxRecordBytes, serviceDistributed } = given
  return {
    shards: checkInteger(`${where}.shards`, shards ?? 1, 1, MAX_SHARDS),
    maxRecordBytes: checkInteger(`${where}.maxRecordBytes`, maxRecordBytes ?? MIB, 1, 10 * MIB),
    serviceDistributed: checkBoolean(`${where}.serviceDistributed`, serviceDistributed ?? false),
  }
}

const limitsOf = (limits: 'aws' | ShardLimits): ShardLimits => {
  if (limits === 'aws') return AWS_SHARD_LIMITS
  if (typeof limits !== 'object')
    throw new ConfigError(`limits must be 'aws' or an object, not ${show(limits)}`)
  checkKeys('limits', limits, ['recordsPerSecond', 'bytesPerSecond', 'readsPerSecond'])
  const rate = (name: keyof ShardLimits): number => {
    const value = limits[name] ?? Number.POSITIVE_INFINITY
    if (typeof value === 'number' && value > 0) return value
    throw new ConfigError(`limits.${name} must be a number above 0, not ${show(value)}`)
  }
  return {
    recordsPerSecond: rate('recordsPerSecond'),
    bytesPerSecond: rate('bytesPerSecond'),
    readsPerSecond: rate('readsPerSecond'),
  }
}
