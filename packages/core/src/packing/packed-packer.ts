import type { ResolvedConfig } from '../config/resolve.js'
import { PackedLoad, type PackFormat } from './packed-request.js'
import type { Load, Packer } from './packer.js'

/** Bounds of a packer that puts many records in one. */
export interface PackedBounds {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly maxRequestBytes: number
}

/**
 * A request of packs is due when it could hold `batchSize` full ones, or when half the buffer waits:
 * then the other half takes new records while it is under way.
 */
export const packedBounds = (
  config: ResolvedConfig,
  maxBytes: number,
  maxRecords: number,
): PackedBounds => ({
  dueRecords: Math.max(
    1,
    Math.min(config.batchSize * maxRecords, Math.floor(config.bufferSize / 2)),
  ),
  dueBytes: Math.min(
    config.batchSize * maxBytes,
    config.maxRequestBytes,
    Math.floor(config.bufferBytes / 2),
  ),
  maxRequestBytes: config.maxRequestBytes,
})

/** Many records in one, in a format that is always allowed. */
export class PackedPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead: number
  readonly recordLimit: (limit: number) => number
  readonly #maxRequestBytes: number
  readonly #format: PackFormat

  constructor(
    format: PackFormat,
    bounds: PackedBounds,
    overhead: number,
    recordLimit: (limit: number) => number,
  ) {
    this.#format = format
    this.dueRecords = bounds.dueRecords
    this.dueBytes = bounds.dueBytes
    this.#maxRequestBytes = bounds.maxRequestBytes
    this.overhead = overhead
    this.recordLimit = recordLimit
  }

  open(limit: number): Load {
    return new PackedLoad(limit, this.#maxRequestBytes, this.#format)
  }
}
