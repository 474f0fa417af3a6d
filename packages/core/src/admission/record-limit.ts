/** Largest record that can be admitted: never more than fits into a request and into the buffer. */
export class RecordLimit {
  readonly #recordLimit: (bytes: number) => number
  readonly #most: number
  #bytes: number

  /**
   * @param recordLimit what a packer allows of a limit for Kinesis records
   * @param bounds `maxRequestBytes` and `bufferBytes`
   */
  constructor(
    recordLimit: (bytes: number) => number,
    maxRecordBytes: number,
    bounds: readonly number[],
  ) {
    this.#recordLimit = recordLimit
    this.#most = Math.min(...bounds)
    this.#bytes = this.#limitFor(maxRecordBytes)
  }

  /** Data, key and what packing adds. */
  get bytes(): number {
    return this.#bytes
  }

  /** The stream said how large its records may be. */
  discovered(maxRecordBytes: number): void {
    this.#bytes = this.#limitFor(maxRecordBytes)
  }

  #limitFor(maxRecordBytes: number): number {
    return Math.min(this.#recordLimit(Math.min(maxRecordBytes, this.#most)), this.#most)
  }
}
