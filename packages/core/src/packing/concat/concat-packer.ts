import type { ResolvedPacking } from '../../config/packing-options.js'
import type { ResolvedConfig } from '../../config/resolve.js'
import { PackedPacker, packedBounds } from '../packed-packer.js'
import type { Packer } from '../request-builder.js'
import type { SpreadKeys } from '../spread-keys.js'
import { ConcatFormat } from './concat-pack.js'
import { refuseEmbedded } from './embedded-terminator.js'
import { gzipEach, gzipExpansion } from './gzip.js'
import { terminatorFraming } from './terminator.js'

export const createConcatPacker = (
  config: ResolvedConfig,
  packing: Extract<ResolvedPacking, { kind: 'concat' }>,
  keys: SpreadKeys,
): Packer => {
  const { terminator, gzipLevel, maxRecords, refusesEmbedded } = packing
  // Compressed or not, no pack may outgrow the largest record.
  const recordLimit = (limit: number): number =>
    gzipLevel === 0 ? limit : limit - gzipExpansion(limit)
  const bounds = {
    maxBytes: Math.min(packing.maxBytes, recordLimit(config.maxRecordBytes)),
    maxRecords,
  }
  const format = new ConcatFormat(
    { terminator, ...bounds },
    keys,
    gzipLevel === 0 ? undefined : gzipEach(gzipLevel),
  )
  return new PackedPacker(
    format,
    packedBounds(config, bounds),
    terminatorFraming(terminator),
    terminator.length,
    recordLimit,
    refusesEmbedded ? refuseEmbedded(terminator) : undefined,
  )
}
