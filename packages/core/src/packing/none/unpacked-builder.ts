import type { PackableRecord } from '../../record/packable-record.js'
import type { PlainRecord } from '../outgoing.js'
import type { BuiltRequest, RequestBuilder } from '../request-builder.js'
import type { SpreadKeys } from '../spread-keys.js'
import { wholeRecord } from './whole-record.js'

/** A request that carries each user record in a Kinesis record of its own. */
export class UnpackedBuilder implements RequestBuilder {
  readonly hasRoom = false
  readonly #records: PlainRecord[] = []
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
    const index = this.#records.length
    if (index >= this.#limit) return -1
    const bytes = this.#bytes + record.bytes
    if (bytes > this.#maxBytes && index > 0) return -1
    this.#bytes = bytes
    this.#records.push(wholeRecord(record, this.#keys))
    return index
  }

  /** Each record of a request may fail alone, so no other may follow one of its key. */
  takeInto(): boolean {
    return false
  }

  get count(): number {
    return this.#records.length
  }

  build(): BuiltRequest {
    const records = this.#records
    return { records, count: records.length, carriers: undefined, shards: undefined }
  }
}
