import { CorruptRecordError } from '@kinesis-producer/core/decode'

/** Levels of values within values. Our encoders stop at 100 messages, which is less. */
const MAX_DEPTH = 100

/** Counts what a Kinesis record makes of its bytes: a small one must not exhaust the memory. */
export class Limits {
  readonly #maxLogs: number
  readonly #maxValues: number
  #logs = 0
  #values = 0

  constructor(maxLogs: number, maxValues: number) {
    this.#maxLogs = maxLogs
    this.#maxValues = maxValues
  }

  /** @throws {CorruptRecordError} */
  countLog(): void {
    if (++this.#logs > this.#maxLogs)
      throw new CorruptRecordError(`it has more than maxLogs ${this.#maxLogs} logs`)
  }

  /** @throws {CorruptRecordError} */
  countValues(count = 1): void {
    this.#values += count
    if (this.#values > this.#maxValues)
      throw new CorruptRecordError(`it has more than maxValues ${this.#maxValues} values`)
  }

  /** @throws {CorruptRecordError} */
  checkDepth(depth: number): void {
    if (depth > MAX_DEPTH)
      throw new CorruptRecordError(`its values are nested more than ${MAX_DEPTH} deep`)
  }
}
