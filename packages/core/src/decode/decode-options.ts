import { checkBoolean, checkInteger, checkKeys, checkOneOf, show } from '../config/check.js'
import { MAX_PACK_RECORDS, MAX_TERMINATOR_BYTES } from '../config/pack-limits.js'
import { ConfigError } from '../errors/errors.js'
import { bytesOf } from './bytes.js'

const PACKINGS = ['none', 'concat', 'kpl'] as const

/** How to read. `undefined` and `null` mean that an option is not given. */
export interface DecodeOptions {
  /**
   * The packing of the producer. Told it, `decode` gives back exactly what was added (with `concat`
   * up to one final terminator). Not told, it judges each record by its bytes, which is best
   * effort: users' own gzip is decompressed, users' own aggregates are taken apart, and a record
   * that ends with the terminator is split.
   */
  readonly packing?: (typeof PACKINGS)[number] | undefined
  /**
   * What ends each record of a concat pack, at most 64 bytes. Without `packing`, a Kinesis record
   * that does not end with it is taken to be a single one. `false` or empty: nothing does, so that
   * what is neither compressed nor an aggregate stays whole, such as OTLP protobuf.
   * @default '\n'
   */
  readonly terminator?: string | Uint8Array | false | undefined
  /**
   * Whether compressed Kinesis records are decompressed: gzip, and zlib unless `packing` is
   * `concat`. With `concat` give it, too, when users' own records may be gzip.
   * @default true without `packing` and with `concat` (what is gzip as a whole); false with `none` and `kpl`
   */
  readonly gunzip?: boolean | undefined
  /**
   * `throw`: a `CorruptRecordError`. `raw`: a Kinesis record that cannot be decoded is yielded as
   * it is.
   * @default 'throw'
   */
  readonly onCorrupt?: 'throw' | 'raw' | undefined
  /**
   * Most bytes a compressed record may become; a bomb must not eat the consumer's memory.
   * @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number | undefined
  /**
   * Most user records of one Kinesis record. A producer packs no more than the default.
   * @default 1000000
   */
  readonly maxRecords?: number | undefined
}

/** The options with their defaults. */
export interface Reading {
  readonly packing: DecodeOptions['packing']
  readonly terminator: Uint8Array | undefined
  /** Undefined: not told. */
  readonly gunzip: boolean | undefined
  readonly raw: boolean
  readonly maxBytes: number
  readonly maxRecords: number
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
const ANY = Number.MAX_SAFE_INTEGER

/** @throws {ConfigError} an option is unknown or wrong */
export const resolveDecodeOptions = (options: DecodeOptions): Reading => {
  checkKeys('DecodeOptions', options, [
    'packing',
    'terminator',
    'gunzip',
    'onCorrupt',
    'maxBytes',
    'maxRecords',
  ])
  const { packing, gunzip } = options
  const told = isGiven(packing) ? checkOneOf('packing', packing, PACKINGS) : undefined
  const terminator = terminatorOf(options.terminator ?? '\n')
  if (told !== undefined && told !== 'concat' && isGiven(options.terminator) && terminator)
    throw new ConfigError(
      `terminator belongs to packing 'concat', not to ${show(told)}: leave it out`,
    )
  return {
    packing: told,
    terminator,
    gunzip: isGiven(gunzip) ? checkBoolean('gunzip', gunzip) : undefined,
    raw: checkOneOf('onCorrupt', options.onCorrupt ?? 'throw', ['throw', 'raw']) === 'raw',
    maxBytes: checkInteger('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, 1, ANY),
    maxRecords: checkInteger('maxRecords', options.maxRecords ?? MAX_PACK_RECORDS, 1, ANY),
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const terminatorOf = (value: unknown): Uint8Array | undefined => {
  if (value === false) return undefined
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : bytesOf(value)
  if (bytes !== undefined && bytes.length <= MAX_TERMINATOR_BYTES)
    return bytes.length === 0 ? undefined : bytes
  throw new ConfigError(
    `terminator must be a string or bytes, at most ${MAX_TERMINATOR_BYTES} of them, or false; not ${show(value)}`,
  )
}
