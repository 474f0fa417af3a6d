import { ConfigError } from '../errors/errors.js'
import { checkInteger, checkKeys, checkOneOf, show } from './check.js'
import { MAX_PACK_RECORDS, MAX_TERMINATOR_BYTES } from './pack-limits.js'

/** How user records are put into Kinesis records. */
export const PACKINGS = ['none', 'concat', 'kpl'] as const

/** Compressions of a concat pack. */
export const COMPRESSIONS = ['none', 'gzip'] as const

/** What becomes of a record of a concat pack that contains the terminator. */
export const EMBEDDED_TERMINATORS = ['admit', 'refuse'] as const

/** What an aggregate of `kpl` has in common. */
export const GROUPINGS = ['partitionKey', 'shard'] as const

interface PackBounds {
  /**
   * Largest pack in bytes, partition key included (before compression). A larger record goes alone.
   * @default concat: 200000, with gzip 1000000; kpl: 50000. Whole payload units of 25 KB
   */
  readonly maxBytes?: number | undefined
  /**
   * Most records of a pack, 1 to 1000000: `decode` reads no more, unless it is told to.
   * @default 1000000
   */
  readonly maxRecords?: number | undefined
}

/** One user record, one Kinesis record. */
export interface NoPacking {
  readonly kind: 'none'
}

/** Records of one partition key (or of none) one after the other, each with its terminator. */
export interface ConcatPacking extends PackBounds {
  readonly kind: 'concat'
  /**
   * Ends each record that does not bring it along, at most 64 bytes. Empty for formats that need
   * none, such as OTLP protobuf. It must not occur inside a record if the records are to be told
   * apart again: see `embeddedTerminator`.
   * @default '\n'
   */
  readonly terminator?: string | Uint8Array | undefined
  /**
   * A record that contains the terminator before its end is read as several. `admit`: so be it.
   * `refuse`: `add` rejects it with an `InvalidRecordError`; each record is searched for it.
   * @default 'admit'
   */
  readonly embeddedTerminator?: (typeof EMBEDDED_TERMINATORS)[number] | undefined
  /** @default 'none' */
  readonly compression?: (typeof COMPRESSIONS)[number] | undefined
  /**
   * Level of gzip, 1 (fast) to 9 (small).
   * @default 1
   */
  readonly compressionLevel?: number | undefined
}

/** The aggregated records of the Kinesis Producer Library, which the KCL and others read. */
export interface KplPacking extends PackBounds {
  readonly kind: 'kpl'
  /**
   * `partitionKey`: an aggregate holds one key; always safe. `shard`: all keys of a shard share
   * aggregates, which packs better with many keys; needs the permission `kinesis:ListShards`, and a
   * resharding may bring duplicates.
   * @default 'partitionKey'
   */
  readonly groupBy?: (typeof GROUPINGS)[number] | undefined
}

export type PackingConfig = NoPacking | ConcatPacking | KplPacking

/** A packing with every option decided. */
export type ResolvedPacking =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'concat'
      readonly terminator: Uint8Array
      /** Records that contain the terminator are not admitted. */
      readonly refusesEmbedded: boolean
      readonly maxBytes: number
      readonly maxRecords: number
      /** Level of gzip; 0: no compression. */
      readonly gzipLevel: number
    }
  | {
      readonly kind: 'kpl'
      readonly maxBytes: number
      readonly maxRecords: number
      readonly byShard: boolean
    }

/** Whole payload units, whether a KB is 1000 or 1024 bytes; the KPL's own default is 51 200. */
const DEFAULT_MAX_BYTES = { concat: 200_000, gzip: 1_000_000, kpl: 50_000 } as const
const MIN_PACK_BYTES = 64

/** @throws {ConfigError} */
export const resolvePacking = (packing: PackingConfig, maxRecordBytes: number): ResolvedPacking => {
  if (typeof packing !== 'object' || packing === null)
    throw new ConfigError(
      `packing must be an object such as { kind: 'concat' }, not ${show(packing)}`,
    )
  checkOneOf('packing.kind', packing.kind, PACKINGS)
  const bounds = ({ maxBytes, maxRecords }: PackBounds, fallback: number) => {
    return {
      maxBytes: checkInteger(
        'packing.maxBytes',
        maxBytes ?? Math.min(fallback, maxRecordBytes),
        Math.min(MIN_PACK_BYTES, maxRecordBytes),
        maxRecordBytes,
      ),
      maxRecords: checkInteger(
        'packing.maxRecords',
        maxRecords ?? MAX_PACK_RECORDS,
        1,
        MAX_PACK_RECORDS,
      ),
    }
  }
  switch (packing.kind) {
    case 'none':
      checkKeys('packing', packing, ['kind'])
      return { kind: 'none' }
    case 'concat': {
      checkKeys('packing', packing, [
        'kind',
        'terminator',
        'embeddedTerminator',
        'maxBytes',
        'maxRecords',
        'compression',
        'compressionLevel',
      ])
      const gzip =
        checkOneOf('packing.compression', packing.compression ?? 'none', COMPRESSIONS) === 'gzip'
      const level = checkInteger('packing.compressionLevel', packing.compressionLevel ?? 1, 1, 9)
      if (packing.compressionLevel !== undefined && !gzip)
        throw new ConfigError("packing.compressionLevel needs packing.compression: 'gzip'")
      const terminator = checkTerminator(packing.terminator ?? '\n')
      const embedded = checkOneOf(
        'packing.embeddedTerminator',
        packing.embeddedTerminator ?? 'admit',
        EMBEDDED_TERMINATORS,
      )
      if (embedded === 'refuse' && terminator.length === 0)
        throw new ConfigError(
          "packing.embeddedTerminator 'refuse' needs a packing.terminator that is not empty",
        )
      return {
        kind: 'concat',
        terminator,
        refusesEmbedded: embedded === 'refuse',
        ...bounds(packing, gzip ? DEFAULT_MAX_BYTES.gzip : DEFAULT_MAX_BYTES.concat),
        gzipLevel: gzip ? level : 0,
      }
    }
    case 'kpl': {
      checkKeys('packing', packing, ['kind', 'maxBytes', 'maxRecords', 'groupBy'])
      const groupBy = checkOneOf('packing.groupBy', packing.groupBy ?? 'partitionKey', GROUPINGS)
      return {
        kind: 'kpl',
        ...bounds(packing, DEFAULT_MAX_BYTES.kpl),
        byShard: groupBy === 'shard',
      }
    }
  }
}

const checkTerminator = (value: unknown): Uint8Array => {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  if (bytes instanceof Uint8Array && bytes.length <= MAX_TERMINATOR_BYTES) return bytes.slice()
  throw new ConfigError(
    `packing.terminator must be a string or bytes, at most ${MAX_TERMINATOR_BYTES} of them, not ${show(value)}`,
  )
}
