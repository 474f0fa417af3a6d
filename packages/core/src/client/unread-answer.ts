import type { PutRecordsResponse, PutRecordsResult } from './client-types.js'

/**
 * The answer to a request of which every record was stored, parsed only if someone asks for the
 * places: most records are sent without a wish for a receipt.
 */
export class UnreadAnswer implements PutRecordsResponse {
  readonly FailedRecordCount = 0
  readonly #parse: () => PutRecordsResponse
  #parsed: PutRecordsResponse | undefined

  constructor(parse: () => PutRecordsResponse) {
    this.#parse = parse
  }

  get Records(): readonly PutRecordsResult[] | undefined {
    this.#parsed ??= this.#parse()
    return this.#parsed.Records
  }
}
