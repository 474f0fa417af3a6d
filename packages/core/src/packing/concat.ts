import type { Entry } from '../buffer/entry.js'
import type { WireRecord } from '../sending/client.js'
import { keyBytesOf, type Pack, type PackFormat } from './packed-load.js'
import type { SpreadKeys } from './spread-keys.js'

export interface ConcatOptions {
  /** Ends each record; empty: nothing does. */
  readonly terminator: Uint8Array
  readonly maxBytes: number
  readonly maxRecords: number
}

/** `packing: concat`: records one after the other, each with its terminator. */
export class ConcatFormat implements PackFormat {
  readonly #options: ConcatOptions
  readonly #keys: SpreadKeys
  readonly finish: PackFormat['finish']

  constructor(options: ConcatOptions, keys: SpreadKeys, finish: PackFormat['finish']) {
    this.#options = options
    this.#keys = keys
    this.finish = finish
  }

  groupOf(): undefined {
    return undefined
  }

  open(entry: Entry): Pack {
    return new ConcatPack(entry, this.#options, this.#keys)
  }
}

class ConcatPack implements Pack {
  readonly entries: Entry[]
  readonly shard = undefined
  bytes: number
  readonly #keyBytes: number
  readonly #options: ConcatOptions
  readonly #keys: SpreadKeys

  constructor(first: Entry, options: ConcatOptions, keys: SpreadKeys) {
    this.entries = [first]
    // An entry's bytes hold its key, which the pack carries once, and its terminator.
    this.bytes = first.bytes
    this.#keyBytes = keyBytesOf(first)
    this.#options = options
    this.#keys = keys
  }

  growth({ bytes }: Entry): number | undefined {
    const growth = bytes - this.#keyBytes
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.entries.length >= maxRecords ? undefined : growth
  }

  add(entry: Entry, growth: number): void {
    this.entries.push(entry)
    this.bytes += growth
  }

  build(): WireRecord {
    const [first] = this.entries
    const record: WireRecord = {
      Data: this.#join(),
      PartitionKey: first?.partitionKey ?? this.#keys.next(),
    }
    if (first?.explicitHashKey !== undefined) record.ExplicitHashKey = first.explicitHashKey
    return record
  }

  #join(): Buffer {
    const { terminator } = this.#options
    // Memory of its own: a slice would keep the whole pool it was cut from.
    const joined = Buffer.allocUnsafeSlow(this.bytes - this.#keyBytes)
    let at = 0
    for (const { data } of this.entries) {
      const start = at
      if (typeof data === 'string') at += joined.write(data, at, 'utf8')
      else {
        joined.set(data, at)
        at += data.length
      }
      if (terminator.length > 0 && !isTerminated(joined, start, at, terminator)) {
        joined.set(terminator, at)
        at += terminator.length
      }
    }
    return joined.subarray(0, at)
  }
}

/** Whether the record from `start` to `end` brought its terminator along, as a log line does. */
const isTerminated = (
  bytes: Uint8Array,
  start: number,
  end: number,
  terminator: Uint8Array,
): boolean => {
  const from = end - terminator.length
  if (from < start) return false
  for (let i = 0; i < terminator.length; i++) if (bytes[from + i] !== terminator[i]) return false
  return true
}
