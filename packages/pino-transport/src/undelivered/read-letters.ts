import { createReadStream } from 'node:fs'
import { type DeadLetter, parseLetter } from './letter.js'
import { openRegular } from './regular-file.js'

/** A line of a dead letter file. Of one that is no letter the bytes, with its newline, in pieces. */
export type LetterLine =
  | { readonly kind: 'letter'; readonly letter: DeadLetter; readonly bytes: number }
  | { readonly kind: 'piece'; readonly bytes: Buffer; readonly ends: boolean }

/** More than any letter takes that the transport writes of a line that a record may hold, escapes included. */
const MAX_LETTER_BYTES = 128 * 1024 * 1024
const NEWLINE = 10

/**
 * The lines of a dead letter file, in bounded memory. Only a newline ends a line: U+2028 and its like
 * are data, and a letter is never read beyond its own line.
 */
export async function* readLetters(path: string): AsyncGenerator<LetterLine> {
  let open: Buffer[] = []
  let openBytes = 0
  let tooLong = false
  const input = createReadStream(path, { fd: openRegular(path, 'read'), highWaterMark: 1 << 18 })
  for await (const chunk of input) {
    const bytes: Buffer = chunk
    let start = 0
    while (start < bytes.length) {
      const at = bytes.indexOf(NEWLINE, start)
      const end = at < 0 ? bytes.length : at + 1
      const piece = bytes.subarray(start, end)
      start = end
      if (tooLong) {
        yield { kind: 'piece', bytes: piece, ends: at >= 0 }
        if (at >= 0) tooLong = false
        continue
      }
      open.push(piece)
      openBytes += piece.length
      if (at < 0 && openBytes <= MAX_LETTER_BYTES) continue
      const line = open
      const isLine = at >= 0
      open = []
      openBytes = 0
      if (isLine) yield* lineOf(Buffer.concat(line))
      else {
        tooLong = true
        for (const part of line) yield { kind: 'piece', bytes: part, ends: false }
      }
    }
  }
  if (openBytes > 0) yield* lineOf(Buffer.concat([...open, Buffer.from('\n')]))
  else if (tooLong) yield { kind: 'piece', bytes: Buffer.from('\n'), ends: true }
}

function* lineOf(line: Buffer): Generator<LetterLine> {
  const text = line.toString('utf8', 0, line.length - 1)
  if (text.trim() === '') return
  const letter = parseLetter(text)
  if (letter === undefined) yield { kind: 'piece', bytes: line, ends: true }
  else yield { kind: 'letter', letter, bytes: line.length }
}
