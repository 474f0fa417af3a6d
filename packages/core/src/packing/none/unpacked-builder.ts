import type { PackableRecord } from '../../record/packable-record.js'
import type { WireRecord } from '../../record/wire-record.js'
import type { BuiltRequest, RequestBuilder } from '../request-builder.js'
import type { SpreadKeys } from '../spread-keys.js'
import { wholeRecord } from './whole-record.js'

/** A request that carries each user record in a Kinesis record of its own. It only counts. */
export class UnpackedBuilder implements RequestBuilder {
  readonly hasRoom = false
  count = 0
  #bytes = 0
  readonly #limit: number
  readonly #maxBytes: number
  readonly #keys: SpreadKeys

  constructor(limit: number, maxBytes: number, keys: SpreadKeys) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#keys = keys
  }

  take(record: PackableRecord): number {
    if (this.count >= this.#limit) return -1
    const bytes = this.#bytes + record.bytes
    if (bytes > this.#maxBytes && this.count > 0) return -1
    this.#bytes = bytes
    return this.count++
  }

  /** Each record of a request may fail alone, so no other may follow one of its key. */
  takeInto(): boolean {
    return false
  }

  build(records: readonly PackableRecord[]): BuiltRequest {
    const whole: WireRecord[] = []
    for (const record of records) whole.push(wholeRecord(record, this.#keys))
    return { records: whole, count: whole.length, carriers: undefined, shards: undefined }
  }
}
