import type { PutRecordsResponse, PutRecordsResult } from '../client.js'

const STORED = '"SequenceNumber":"'
const FAILED = '"ErrorCode"'
const QUOTE = 0x22

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

/**
 * Whether the text names a place for each of `sent` records. A string of JSON cannot hold the
 * pattern itself, since its quotes would be escaped. False may also mean that it is formatted in
 * another way: parse it then.
 */
export const tellsAllStored = (text: string, sent: number): boolean => {
  let found = 0
  let stride = 0
  for (let at = text.indexOf(STORED); at !== -1; ) {
    if (text.charCodeAt(at + STORED.length) === QUOTE) return false
    found++
    // Results mostly have one length: look where the next should be before searching for it.
    if (stride > 0 && text.startsWith(STORED, at + stride)) at += stride
    else {
      const next = text.indexOf(STORED, at + STORED.length)
      stride = next - at
      at = next
    }
  }
  return found === sent && !text.includes(FAILED) && text.endsWith('}')
}
