/** Printable ASCII that needs no escape, as ids and numbers of the service are. */
const PLAIN = '[ !#-\\[\\]-~]'

const NONE_FAILED = /"FailedRecordCount":0(?=[,}])/y
const RECORDS = /"Records":\[/y
const ENCRYPTION = new RegExp(`"EncryptionType":"${PLAIN}*"`, 'y')
const STORED = new RegExp(
  `\\{"SequenceNumber":"${PLAIN}+","ShardId":"${PLAIN}*"\\}|\\{"ShardId":"${PLAIN}*","SequenceNumber":"${PLAIN}+"\\}`,
  'y',
)

/**
 * Whether the JSON says, in the very form in which the service writes it, that each of so many
 * records was stored. Every character is looked at, so that this is only true where a parser would
 * read the same: an unknown key (`ErrorCode` above all), an escape, white space, a byte too many, and
 * it says no. No means: parse it.
 */
export const tellsAllStored = (answer: Uint8Array, sent: number): boolean => {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
  const json = new Scan(bytes.toString('latin1'))
  if (!json.takes('{')) return false
  let noneFailed = false
  let allStored = false
  for (let member = 0; member < 3; member++) {
    if (member > 0 && !json.takes(',')) break
    if (!noneFailed && json.matches(NONE_FAILED)) noneFailed = true
    else if (!allStored && json.matches(RECORDS)) {
      if (!json.results(sent)) return false
      allStored = true
    } else if (!json.matches(ENCRYPTION)) return false
  }
  return noneFailed && allStored && json.takes('}') && json.ended
}

class Scan {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get ended(): boolean {
    return this.#at === this.#text.length
  }

  /** Takes one character, if it stands here. */
  takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return false
    this.#at = pattern.lastIndex
    return true
  }

  /** Takes the list of results, its closing bracket included. */
  results(sent: number): boolean {
    for (let i = 0; i < sent; i++)
      if ((i > 0 && !this.takes(',')) || !this.matches(STORED)) return false
    return this.takes(']')
  }
}
