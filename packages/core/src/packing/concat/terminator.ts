import type { RecordData } from '../../record/record.js'

/** Whether a record brings its terminator along, as a log line does. */
export const isTerminated = (data: RecordData, terminator: Uint8Array): boolean => {
  if (terminator.length === 0) return false
  const from = data.length - terminator.length
  if (typeof data !== 'string') return from >= 0 && isAt(data, from, terminator)
  // From the end: as long as it is ASCII, one character is one byte.
  for (let i = terminator.length - 1; i >= 0; i--) {
    const wanted = terminator[i] ?? 0
    if (wanted > 0x7f) return endsWithBytes(data, terminator)
    if (data.charCodeAt(from + i) !== wanted) return false
  }
  return true
}

/**
 * Compares the end of a text as the bytes it is sent as. One character more than there are bytes:
 * if the cut goes through a surrogate pair, only that character comes out wrong.
 */
const endsWithBytes = (text: string, terminator: Uint8Array): boolean => {
  const end = Buffer.from(text.slice(-terminator.length - 1), 'utf8')
  const from = end.length - terminator.length
  return from >= 0 && isAt(end, from, terminator)
}

const isAt = (data: Uint8Array, from: number, wanted: Uint8Array): boolean => {
  for (let i = 0; i < wanted.length; i++) if (data[from + i] !== wanted[i]) return false
  return true
}
