import type { WireRecord } from '../../client/client-types.js'
import type { Entry } from '../../queue/pending-record.js'
import type { Load, Packed, Packer } from '../packer.js'
import type { SpreadKeys } from '../spread-keys.js'

/** A request that carries each user record in a Kinesis record of its own. */
export class UnpackedLoad implements Load {
  readonly entries: Entry[] = []
  readonly hasRoom = false
  readonly #limit: number
  readonly #maxBytes: number
  readonly #keys: SpreadKeys
  #bytes = 0

  constructor(limit: number, maxBytes: number, keys: SpreadKeys) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#keys = keys
  }

  take(entry: Entry): boolean {
    if (this.entries.length >= this.#limit) return false
    const bytes = this.#bytes + entry.bytes
    if (bytes > this.#maxBytes && this.#bytes > 0) return false
    this.#bytes = bytes
    this.entries.push(entry)
    return true
  }

  takeAlong(): boolean {
    return false
  }

  pack(): Packed {
    const records: WireRecord[] = []
    for (const entry of this.entries) records.push(recordOf(entry, this.#keys))
    return { records, count: records.length, carriers: undefined }
  }
}

/** A user record as a Kinesis record of its own. */
export const recordOf = (entry: Entry, keys: SpreadKeys): WireRecord => {
  const record: WireRecord = {
    Data: typeof entry.data === 'string' ? Buffer.from(entry.data, 'utf8') : entry.data,
    PartitionKey: entry.partitionKey ?? keys.next(),
  }
  if (entry.explicitHashKey !== undefined) record.ExplicitHashKey = entry.explicitHashKey
  return record
}

/** `packing: none`: one user record, one Kinesis record. */
export class UnpackedPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead = 0
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

  open(limit: number): Load {
    return new UnpackedLoad(limit, this.#maxRequestBytes, this.#keys)
  }
}
