import type { Framing } from '../../store/framing.js'
import type { Packer, RequestBuilder } from '../request-builder.js'
import type { SpreadKeys } from '../spread-keys.js'
import { PADDING } from './padding.js'
import { UnpackedBuilder } from './unpacked-builder.js'

/** `packing: none`: one user record, one Kinesis record. */
export class UnpackedPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead = 0
  readonly framing: Framing = PADDING
  readonly #maxRequestBytes: number
  readonly #keys: SpreadKeys

  constructor(batchSize: number, maxRequestBytes: number, keys: SpreadKeys) {
    this.dueRecords = batchSize
    this.dueBytes = maxRequestBytes
    this.#maxRequestBytes = maxRequestBytes
    this.#keys = keys
  }

  recordLimit(limit: number): number {
    return limit
  }

  open(limit: number): RequestBuilder {
    return new UnpackedBuilder(limit, this.#maxRequestBytes, this.#keys)
  }
}
