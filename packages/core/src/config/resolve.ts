import { getHeapStatistics } from 'node:v8'
import { ConfigError } from '../errors/errors.js'
import type { DroppedRecord } from '../record/dropped.js'
import type { StatReceiver } from '../stats/stats.js'
import { type Clock, SYSTEM_CLOCK } from '../time/clock.js'
import {
  DEFAULT_MAX_RECORD_BYTES,
  MAX_KINESIS_BATCH_SIZE,
  MAX_RECORD_BYTES,
  MAX_REQUEST_BYTES,
  MIN_REQUEST_BYTES,
} from './aws-limits.js'
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkKeys,
  checkMethods,
  checkOneOf,
} from './check.js'
import {
  DEFAULT_CONFIG,
  type Logger,
  ORDERINGS,
  type Ordering,
  type ProducerConfig,
  type RequestReport,
  WHEN_FULL,
  type WhenFull,
} from './options.js'
import { type ResolvedPacking, resolvePacking } from './packing-options.js'
import { type ResolvedSpool, resolveSpool } from './spool-options.js'
import { HEAP_SHARE, MIN_FLUSH_INTERVAL_MS } from './tuning.js'

/** A config with every option decided. Frozen: options do not change at run time. */
export interface ResolvedConfig {
  readonly batchSize: number
  readonly bufferSize: number
  readonly bufferBytes: number
  readonly flushInterval: number
  readonly whenFull: WhenFull
  readonly maxAttemptsPerRecord: number
  readonly retryTimeout: number
  readonly recordTtl: number
  readonly maxInFlight: number
  readonly requestTimeout: number
  readonly maxRecordBytes: number
  readonly discoverMaxRecordBytes: boolean
  readonly maxRequestBytes: number
  readonly ordering: Ordering
  readonly packing: ResolvedPacking
  readonly spool: ResolvedSpool | undefined
  readonly onDrop: ((dropped: DroppedRecord) => unknown) | undefined
  readonly onRequest: ((request: RequestReport) => unknown) | undefined
  readonly logger: Logger | false | undefined
  readonly statInterval: number
  readonly statReceiver: StatReceiver | undefined
  readonly clock: Clock
  readonly random: () => number
}

type NumberOption =
  | 'batchSize'
  | 'bufferSize'
  | 'bufferBytes'
  | 'flushInterval'
  | 'maxAttemptsPerRecord'
  | 'retryTimeout'
  | 'recordTtl'
  | 'maxInFlight'
  | 'requestTimeout'
  | 'maxRequestBytes'
  | 'statInterval'

const ANY = Number.MAX_SAFE_INTEGER

/** 64 MiB, or less in a small heap (`--max-old-space-size`), which the buffer must not exhaust. */
const defaultBufferBytes = (): number =>
  Math.max(
    DEFAULT_MAX_RECORD_BYTES,
    Math.min(64 * 1024 * 1024, Math.floor(getHeapStatistics().heap_size_limit * HEAP_SHARE)),
  )

/** Whole-number options: default, least, most. The one place that knows them. */
export const NUMBER_OPTIONS: Readonly<
  Record<NumberOption, readonly [fallback: number, min: number, max: number]>
> = {
  batchSize: [DEFAULT_CONFIG.batchSize, 1, MAX_KINESIS_BATCH_SIZE],
  bufferSize: [DEFAULT_CONFIG.bufferSize, 1, ANY],
  bufferBytes: [defaultBufferBytes(), 1, ANY],
  flushInterval: [DEFAULT_CONFIG.flushInterval, 0, ANY],
  maxAttemptsPerRecord: [DEFAULT_CONFIG.maxAttemptsPerRecord, 1, ANY],
  retryTimeout: [0, 0, ANY],
  recordTtl: [0, 0, ANY],
  maxInFlight: [32, 1, 256],
  requestTimeout: [30_000, 0, ANY],
  maxRequestBytes: [MAX_REQUEST_BYTES, MIN_REQUEST_BYTES, MAX_REQUEST_BYTES],
  statInterval: [DEFAULT_CONFIG.statInterval, 1, ANY],
}

/** Names of all options, for the check of unknown ones; the type makes a forgotten one an error. */
export const OPTION_NAMES: readonly string[] = Object.keys({
  addBlocksWhenBufferFull: 0,
  batchSize: 0,
  bufferSize: 0,
  bufferBytes: 0,
  flushInterval: 0,
  whenFull: 0,
  maxAttemptsPerRecord: 0,
  retryTimeout: 0,
  recordTtl: 0,
  maxInFlight: 0,
  requestTimeout: 0,
  maxRecordBytes: 0,
  maxRequestBytes: 0,
  ordering: 0,
  packing: 0,
  spool: 0,
  onDrop: 0,
  onRequest: 0,
  logger: 0,
  statInterval: 0,
  statReceiver: 0,
  clock: 0,
  random: 0,
} satisfies Record<keyof ProducerConfig, 0>)

/**
 * Checks a config and fills in the defaults. The caller's object is neither kept nor changed.
 * @throws {ConfigError} naming the option, the value and what is allowed
 */
export const resolveConfig = (config: ProducerConfig): ResolvedConfig => {
  checkKeys('ProducerConfig', config, OPTION_NAMES)
  const number = (name: NumberOption): number => {
    const [fallback, min, max] = NUMBER_OPTIONS[name]
    return checkInteger(name, config[name] ?? fallback, min, max)
  }

  const discoverMaxRecordBytes = config.maxRecordBytes === 'discover'
  const maxRecordBytes = discoverMaxRecordBytes
    ? DEFAULT_MAX_RECORD_BYTES
    : checkInteger(
        'maxRecordBytes',
        config.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
        1,
        MAX_RECORD_BYTES,
      )

  const addBlocks = checkBoolean(
    'addBlocksWhenBufferFull',
    config.addBlocksWhenBufferFull ?? DEFAULT_CONFIG.addBlocksWhenBufferFull,
  )
  if (isGiven(config.whenFull) && isGiven(config.addBlocksWhenBufferFull)) {
    throw new ConfigError(
      'addBlocksWhenBufferFull and whenFull say the same thing: give only one of the two',
    )
  }

  const resolved: ResolvedConfig = {
    batchSize: number('batchSize'),
    bufferSize: number('bufferSize'),
    bufferBytes: number('bufferBytes'),
    flushInterval: number('flushInterval'),
    whenFull: checkOneOf(
      'whenFull',
      config.whenFull ?? (addBlocks ? 'waitThenDropBatch' : 'rejectThenDropBatch'),
      WHEN_FULL,
    ),
    maxAttemptsPerRecord: number('maxAttemptsPerRecord'),
    retryTimeout: number('retryTimeout'),
    recordTtl: number('recordTtl'),
    maxInFlight: number('maxInFlight'),
    requestTimeout: number('requestTimeout'),
    maxRecordBytes,
    discoverMaxRecordBytes,
    maxRequestBytes: number('maxRequestBytes'),
    ordering: checkOneOf('ordering', config.ordering ?? 'none', ORDERINGS),
    packing: resolvePacking(config.packing ?? { kind: 'none' }, maxRecordBytes),
    spool: resolveSpool(config.spool, maxRecordBytes),
    onDrop: checkFunction('onDrop', config.onDrop ?? undefined),
    onRequest: checkFunction('onRequest', config.onRequest ?? undefined),
    logger:
      config.logger === false
        ? false
        : checkMethods('logger', config.logger ?? undefined, ['debug', 'info', 'warn', 'error']),
    statInterval: number('statInterval'),
    statReceiver: checkMethods('statReceiver', config.statReceiver ?? undefined, ['receive']),
    clock: checkMethods('clock', config.clock ?? undefined, ['setTimeout']) ?? SYSTEM_CLOCK,
    random: checkFunction('random', config.random ?? undefined) ?? Math.random,
  }
  checkTogether(resolved)
  return Object.freeze(resolved)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** Values that are each allowed, but not in one producer. */
const checkTogether = (config: ResolvedConfig): void => {
  const { flushInterval, bufferSize, batchSize, bufferBytes, maxRecordBytes } = config
  if (flushInterval > 0 && flushInterval < MIN_FLUSH_INTERVAL_MS) {
    throw new ConfigError(
      `flushInterval must be 0 (no interval) or at least ${MIN_FLUSH_INTERVAL_MS} ms, not ${flushInterval}`,
    )
  }
  if (bufferSize < batchSize && flushInterval === 0) {
    throw new ConfigError(
      `bufferSize ${bufferSize} is less than batchSize ${batchSize} and flushInterval is 0: a batch would ` +
        'never fill, so the producer would block forever; raise bufferSize or set flushInterval',
    )
  }
  if (bufferBytes < maxRecordBytes) {
    throw new ConfigError(
      `bufferBytes ${bufferBytes} is less than maxRecordBytes ${maxRecordBytes}: such a record could never ` +
        'be admitted; raise bufferBytes or lower maxRecordBytes',
    )
  }
}
