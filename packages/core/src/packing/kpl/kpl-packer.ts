import { UnpackedLoad } from '../none/unpacked.js'
import type { PackedBounds } from '../packed-packer.js'
import { PackedLoad } from '../packed-request.js'
import type { Load, Packer } from '../packer.js'
import type { SpreadKeys } from '../spread-keys.js'
import type { KplFormat } from './kpl-pack.js'

/**
 * `packing: kpl`, on streams that allow it. Where the service itself distributes the records, an
 * aggregate may land in any shard and its consumers drop what does not belong there, silently; so
 * nothing is aggregated there, nor before the stream has been asked.
 */
export class KplPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead = 0
  readonly #format: KplFormat
  readonly #maxRequestBytes: number
  readonly #keys: SpreadKeys
  /** Whether records may be aggregated. */
  allowed = false

  constructor(format: KplFormat, bounds: PackedBounds, keys: SpreadKeys) {
    this.#format = format
    this.dueRecords = bounds.dueRecords
    this.dueBytes = bounds.dueBytes
    this.#maxRequestBytes = bounds.maxRequestBytes
    this.#keys = keys
  }

  recordLimit(limit: number): number {
    return limit
  }

  open(limit: number): Load {
    return this.allowed
      ? new PackedLoad(limit, this.#maxRequestBytes, this.#format)
      : new UnpackedLoad(limit, this.#maxRequestBytes, this.#keys)
  }
}
