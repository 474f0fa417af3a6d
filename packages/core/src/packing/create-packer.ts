import type { ResolvedConfig } from '../config/resolve.js'
import { ShardMap } from '../stream/shard-map.js'
import { ConcatFormat } from './concat/concat-pack.js'
import { gzipEach, gzipExpansion } from './concat/gzip.js'
import { KplFormat } from './kpl/kpl-pack.js'
import { KplPacker } from './kpl/kpl-packer.js'
import { UnpackedPacker } from './none/unpacked.js'
import { PackedPacker, packedBounds } from './packed-packer.js'
import type { Packer } from './packer.js'
import { SpreadKeys } from './spread-keys.js'

/** A packer, and the parts of it that have to be told about the stream. */
export interface Packing {
  readonly packer: Packer
  readonly kpl?: KplPacker
  readonly shards?: ShardMap
}

export const createPacking = (config: ResolvedConfig): Packing => {
  const { packing } = config
  const keys = new SpreadKeys(config.random)
  switch (packing.kind) {
    case 'none':
      return { packer: new UnpackedPacker(config.batchSize, config.maxRequestBytes, keys) }
    case 'concat': {
      const { terminator, gzipLevel, maxRecords } = packing
      // Compressed or not, no pack may outgrow the largest record.
      const recordLimit = (limit: number): number =>
        gzipLevel === 0 ? limit : limit - gzipExpansion(limit)
      const maxBytes = Math.min(packing.maxBytes, recordLimit(config.maxRecordBytes))
      const format = new ConcatFormat(
        { terminator, maxBytes, maxRecords },
        keys,
        gzipLevel === 0 ? undefined : gzipEach(gzipLevel),
      )
      const bounds = packedBounds(config, maxBytes, maxRecords)
      return { packer: new PackedPacker(format, bounds, terminator.length, recordLimit) }
    }
    case 'kpl': {
      const { maxBytes, maxRecords, byShard } = packing
      const shards = byShard ? new ShardMap() : undefined
      const format = new KplFormat({ maxBytes, maxRecords }, keys, shards)
      const kpl = new KplPacker(format, packedBounds(config, maxBytes, maxRecords), keys)
      return { packer: kpl, kpl, ...(shards !== undefined && { shards }) }
    }
  }
}
