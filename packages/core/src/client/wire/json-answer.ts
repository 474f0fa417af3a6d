const STORED = '"SequenceNumber":"'
const NONE_FAILED = '"FailedRecordCount":0'
const QUOTE = 0x22
const BRACE = 0x7b
const END = 0x7d

/**
 * Whether the JSON says that none failed and names exactly as many places as records were sent. A
 * string of JSON cannot hold the pattern itself, since its quotes would be escaped. False may also
 * mean that it is formatted in another way: parse it then.
 */
export const tellsAllStored = (json: Buffer, sent: number): boolean => {
  let found = 0
  let stride = 0
  for (let at = json.indexOf(STORED); at !== -1; ) {
    if (json[at + STORED.length] === QUOTE) return false
    found++
    // Results mostly have one length: look where the next should be before searching for it.
    if (stride > 0 && isStoredAt(json, at + stride)) at += stride
    else {
      const next = json.indexOf(STORED, at + STORED.length)
      stride = next - at
      at = next
    }
  }
  // As many places as results, and as many results as records: a result has one brace.
  return (
    found === sent &&
    countOf(BRACE, json, sent + 2) === sent + 1 &&
    json.at(-1) === END &&
    json.includes(NONE_FAILED)
  )
}

/** How often a byte occurs; stops at `enough`. */
const countOf = (byte: number, bytes: Buffer, enough: number): number => {
  let count = 0
  for (let at = bytes.indexOf(byte); at !== -1 && count < enough; at = bytes.indexOf(byte, at + 1))
    count++
  return count
}

/**
 * Whether a key like SequenceNumber stands here, with a text as its value: opening quote, S, 13
 * letters, closing quote, colon, quote. No other key of an answer fits, and a quote inside a text
 * would be escaped. This runs for every record and costs less than a call into Node.
 */
const isStoredAt = (json: Buffer, at: number): boolean =>
  json[at] === QUOTE &&
  json[at + 1] === 0x53 &&
  json[at + 15] === QUOTE &&
  json[at + 16] === 0x3a &&
  json[at + 17] === QUOTE
