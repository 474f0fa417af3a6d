import type { PutRecordsResponse, PutRecordsResult } from './client-types.js'

/**
 * The answer to a request of which every record was stored, parsed only if someone asks for the
 * places: for most records nobody wants a receipt.
 */
export class UnreadAnswer implements PutRecordsResponse {
  readonly FailedRecordCount = 0
  /** How many records it answers for. */
  readonly count: number
  readonly #parse: () => PutRecordsResponse
  #parsed: PutRecordsResponse | undefined

  constructor(count: number, parse: () => PutRecordsResponse) {
    this.count = count
    this.#parse = parse
  }

  /** Throws if the answer cannot be read after all. */
  get Records(): readonly PutRecordsResult[] | undefined {
    this.#parsed ??= this.#parse()
    return this.#parsed.Records
  }
}
