import type { ResolvedConfig } from '../config/resolve.js'
import { ShardMap } from '../stream/shard-map.js'
import { createConcatPacker } from './concat/concat-packer.js'
import { KPL_FRAMING } from './kpl/kpl-framing.js'
import { KplFormat } from './kpl/kpl-pack.js'
import { KplPacker } from './kpl/kpl-packer.js'
import { requireMd5 } from './kpl/md5.js'
import { UnpackedPacker } from './none/unpacked-packer.js'
import { PackedPacker, packedBounds } from './packed-packer.js'
import type { Packer } from './request-builder.js'
import { SpreadKeys } from './spread-keys.js'

/** Told whether the stream allows aggregates; until then none are made. */
export interface Aggregation {
  allow(allowed: boolean): void
}

/** A packer, and the parts of it that have to be told about the stream. */
export interface Packing {
  readonly packer: Packer
  /** Present when records are only aggregated where the stream allows it. */
  readonly aggregation?: Aggregation
  /** Present when aggregates are made by shard. */
  readonly shards?: ShardMap
}

/** @throws {ConfigError} the packing needs what this process does not have */
export const createPacking = (config: ResolvedConfig, probeMd5?: () => void): Packing => {
  const { packing, batchSize, maxRequestBytes } = config
  const keys = new SpreadKeys(config.random)
  switch (packing.kind) {
    case 'none':
      return { packer: new UnpackedPacker(batchSize, maxRequestBytes, keys) }
    case 'concat':
      return { packer: createConcatPacker(config, packing, keys) }
    case 'kpl': {
      requireMd5(probeMd5)
      const shards = packing.byShard ? new ShardMap() : undefined
      const bounds = {
        maxBytes: Math.min(packing.maxBytes, config.maxRecordBytes),
        maxRecords: packing.maxRecords,
        maxAloneBytes: Math.min(config.maxRecordBytes, maxRequestBytes),
      }
      const packer = new KplPacker(
        new PackedPacker(
          new KplFormat(bounds, keys, shards),
          packedBounds(config, bounds),
          KPL_FRAMING,
        ),
        new UnpackedPacker(batchSize, maxRequestBytes, keys),
      )
      return { packer, aggregation: packer, ...(shards !== undefined && { shards }) }
    }
  }
}
