import { InvalidRecordError } from '../../errors/errors.js'
import type { RecordData } from '../../record/record.js'

/**
 * Refuses records that a consumer would read as several: in what is written of a record, the first
 * terminator must be the one at its end.
 */
export const refuseEmbedded = (terminator: Uint8Array): ((data: RecordData) => void) => {
  const bytes = Buffer.from(terminator)
  const isAscii = terminator.every(byte => byte < 0x80)
  const text = bytes.toString('latin1')
  return data => {
    let at: number
    if (typeof data !== 'string') at = embeddedInBytes(viewOf(data), bytes)
    // ASCII is found in a text where it is found in its UTF-8; anything else only there.
    else if (isAscii) at = embeddedInText(data, text)
    else at = embeddedInBytes(Buffer.from(data, 'utf8'), bytes)
    if (at === -1) return
    throw new InvalidRecordError(
      `data contains packing.terminator at ${at}, before its end, so that it would be read as several records: ` +
        "encode it, choose another terminator, or set packing.embeddedTerminator to 'admit'",
    )
  }
}

const viewOf = (data: Uint8Array): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength)

/** Where a text has the terminator, or would have it with its own behind it, too early; or -1. */
const embeddedInText = (data: string, terminator: string): number => {
  const at = data.indexOf(terminator)
  const end = data.length - terminator.length
  if (at !== -1) return at === end ? -1 : at
  // "a|" and the terminator "||" make "a|||".
  const start = Math.max(0, end + 1)
  const joint = (data.slice(start) + terminator).indexOf(terminator)
  return start + joint === data.length ? -1 : start + joint
}

const embeddedInBytes = (data: Buffer, terminator: Buffer): number => {
  const at = data.indexOf(terminator)
  const end = data.length - terminator.length
  if (at !== -1) return at === end ? -1 : at
  const start = Math.max(0, end + 1)
  const joint = Buffer.concat([data.subarray(start), terminator]).indexOf(terminator)
  return start + joint === data.length ? -1 : start + joint
}
