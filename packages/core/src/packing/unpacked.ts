import type { Entry } from '../buffer/entry.js'
import type { WireRecord } from '../sending/client.js'
import type { Packed, Packer } from './packer.js'
import { SpreadKeys } from './spread-keys.js'

/** `packing: none`: one user record, one Kinesis record. */
export class UnpackedPacker implements Packer {
  readonly #keys: SpreadKeys

  constructor(random: () => number) {
    this.#keys = new SpreadKeys(random)
  }

  pack(entries: readonly Entry[]): Packed {
    const records: WireRecord[] = []
    for (const entry of entries) records.push(this.#record(entry))
    return { records, carriers: undefined }
  }

  #record(entry: Entry): WireRecord {
    const record: WireRecord = {
      Data: typeof entry.data === 'string' ? Buffer.from(entry.data, 'utf8') : entry.data,
      PartitionKey: entry.partitionKey ?? this.#keys.next(),
    }
    if (entry.explicitHashKey !== undefined) record.ExplicitHashKey = entry.explicitHashKey
    return record
  }
}
