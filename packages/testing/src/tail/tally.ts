import type { ShardPage } from './shard-reader.js'

/** What was read and shown so far. */
export class Tally {
  records = 0
  bytes = 0
  /** Of the records, taken apart. */
  lines = 0
  shown = 0
  corrupt = 0
  /** Calls that failed and were made again. */
  retries = 0
  readonly #behind = new Map<string, number>()
  readonly #startedAt: number
  #shards = 0
  #before: { readonly at: number; readonly lines: number }

  constructor(now: number) {
    this.#startedAt = now
    this.#before = { at: now, lines: 0 }
  }

  started(shardId: string): void {
    this.#shards++
    this.#behind.set(shardId, 0)
  }

  ended(shardId: string): void {
    this.#behind.delete(shardId)
  }

  read({ shardId, records, behindMs }: ShardPage): void {
    this.records += records.length
    for (const { data } of records) this.bytes += data.length
    this.#behind.set(shardId, behindMs)
  }

  /** How things stand: the rate is that since the last call. */
  status(now: number): string {
    const seconds = (now - this.#before.at) / 1000
    const rate = seconds > 0 ? (this.lines - this.#before.lines) / seconds : 0
    this.#before = { at: now, lines: this.lines }
    const behind = Math.max(0, ...this.#behind.values()) / 1000
    return `${count(this.#behind.size, 'shard')}, ${count(this.lines, 'line')} (${rate.toFixed(0)}/s), ${behind.toFixed(1)} s behind`
  }

  /** One sentence at the end. */
  summary(now: number): string {
    const behind = Math.max(0, ...this.#behind.values()) / 1000
    return [
      `${count(this.shown, 'line')} shown of ${this.lines}`,
      `${count(this.records, 'Kinesis record')} of ${this.bytes} bytes from ${count(this.#shards, 'shard')}`,
      `${((now - this.#startedAt) / 1000).toFixed(1)} s`,
      this.corrupt > 0 && `${this.corrupt} could not be decoded`,
      this.retries > 0 && `${count(this.retries, 'call')} made again`,
      behind > 0 && `${behind.toFixed(1)} s behind`,
    ]
      .filter(part => part !== false)
      .join(', ')
  }
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`
