import type { Framing } from '../../store/framing.js'
import type { Packer, RequestBuilder } from '../request-builder.js'

/**
 * `packing: kpl`, on streams that allow it. Where the service itself distributes the records, an
 * aggregate may land in any shard and its consumers drop what does not belong there, silently; so
 * nothing is aggregated there, nor before the stream has been asked.
 */
export class KplPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead = 0
  readonly framing: Framing
  readonly #aggregating: Packer
  readonly #unpacked: Packer
  #allowed = false

  /** @param unpacked for as long as nothing may be aggregated */
  constructor(aggregating: Packer, unpacked: Packer) {
    this.#aggregating = aggregating
    this.#unpacked = unpacked
    this.dueRecords = aggregating.dueRecords
    this.dueBytes = aggregating.dueBytes
    this.framing = aggregating.framing
  }

  /** Says whether records may be aggregated; requests that are being built stay as they are. */
  allow(allowed: boolean): void {
    this.#allowed = allowed
  }

  recordLimit(limit: number): number {
    return limit
  }

  open(limit: number): RequestBuilder {
    return (this.#allowed ? this.#aggregating : this.#unpacked).open(limit)
  }
}
