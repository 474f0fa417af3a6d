/** A record as it was stored. */
export interface StoredRecord {
  readonly data: Buffer
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  readonly sequenceNumber: string
  /** The PutRecords (or PutRecord) request it came with, from 1. */
  readonly requestNumber: number
  /** In milliseconds, by the endpoint's clock. */
  readonly arrivedAt: number
}

/** Records in the order of arrival. Places are counted from the first there ever was. */
export class RecordLog {
  #items: StoredRecord[] = []
  /** How many of `#items` are gone already: they are cut off all at once. */
  #gone = 0
  #cut = 0

  get length(): number {
    return this.#items.length - this.#gone
  }

  /** The place after the newest. */
  get end(): number {
    return this.#cut + this.#items.length
  }

  get all(): readonly StoredRecord[] {
    if (this.#gone > 0) this.#trim()
    return this.#items
  }

  push(record: StoredRecord): void {
    this.#items.push(record)
  }

  shift(): StoredRecord | undefined {
    const record = this.#items[this.#gone]
    if (record === undefined) return undefined
    if (++this.#gone > 1000 && this.#gone > this.#items.length / 2) this.#trim()
    return record
  }

  /** The records from a place on, or from the oldest that is kept. */
  from(
    place: number,
    limit: number,
  ): { readonly place: number; readonly records: readonly StoredRecord[] } {
    const index = Math.max(this.#gone, place - this.#cut)
    return { place: index + this.#cut, records: this.#items.slice(index, index + limit) }
  }

  /** The place of the first record that fulfils a condition which all later ones fulfil too. */
  placeOf(fits: (record: StoredRecord) => boolean): number {
    const index = this.all.findIndex(fits)
    return index === -1 ? this.end : this.#cut + index
  }

  #trim(): void {
    this.#items = this.#items.slice(this.#gone)
    this.#cut += this.#gone
    this.#gone = 0
  }
}
