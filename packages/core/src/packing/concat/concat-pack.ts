import type { Entry } from '../../queue/pending-record.js'
import type { RecordData } from '../../record/record.js'
import type { ByteSink, OutgoingRecord, PackRecord } from '../outgoing.js'
import { keyBytesOf, type Pack, type PackFormat } from '../packed-request.js'
import type { SpreadKeys } from '../spread-keys.js'

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

class ConcatPack implements Pack, PackRecord {
  readonly #entries: Entry[]
  readonly shard = undefined
  bytes: number
  readonly #keyBytes: number
  readonly #options: ConcatOptions
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  /** Data and terminators, without those that records brought along. */
  size = 0

  constructor(first: Entry, options: ConcatOptions, keys: SpreadKeys) {
    this.#entries = [first]
    // An entry's bytes hold its key, which the pack carries once, and its terminator.
    this.bytes = first.bytes
    this.#keyBytes = keyBytesOf(first)
    this.#options = options
    this.PartitionKey = first.partitionKey ?? keys.next()
    this.ExplicitHashKey = first.explicitHashKey
  }

  growth({ bytes }: Entry): number | undefined {
    const growth = bytes - this.#keyBytes
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.#entries.length >= maxRecords ? undefined : growth
  }

  add(entry: Entry, growth: number): void {
    this.#entries.push(entry)
    this.bytes += growth
  }

  build(): OutgoingRecord {
    const { terminator } = this.#options
    this.size = this.bytes - this.#keyBytes
    for (const { data } of this.#entries)
      if (isTerminated(data, terminator)) this.size -= terminator.length
    return this
  }

  writeTo(sink: ByteSink): void {
    const { terminator } = this.#options
    const [only] = terminator.length === 1 ? terminator : []
    for (const { data } of this.#entries) {
      if (typeof data === 'string') sink.text(data)
      else sink.bytes(data)
      if (isTerminated(data, terminator)) continue
      if (only === undefined) sink.bytes(terminator)
      else sink.byte(only)
    }
  }
}

/** Whether a record brings its terminator along, as a log line does. */
const isTerminated = (data: RecordData, terminator: Uint8Array): boolean => {
  const from = data.length - terminator.length
  if (terminator.length === 0 || from < 0) return false
  for (let i = 0; i < terminator.length; i++) {
    const wanted = terminator[i] ?? 0
    // In text only ASCII is one byte a character; other terminators are not looked for there.
    if (typeof data === 'string' && wanted > 0x7f) return false
    const found = typeof data === 'string' ? data.charCodeAt(from + i) : data[from + i]
    if (found !== wanted) return false
  }
  return true
}
