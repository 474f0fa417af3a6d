import type { LineSender } from './line-sender.js'
import { type Line, LineSplitter } from './line-splitter.js'

/** Sends the lines in these bytes, or what is left of the last line, no faster than they are taken. */
export type LineFeed = (chunk: Buffer | 'end') => Promise<void>

/** For inputs that can wait: nothing is lost for lack of room, however small the buffer. */
export const lineFeed = (end: '' | '\n', { sendWaiting }: LineSender): LineFeed => {
  let lines: [Line, number][] = []
  const splitter = new LineSplitter(end, (line, missing) => lines.push([line, missing]))
  return async chunk => {
    if (chunk === 'end') splitter.end()
    else splitter.write(chunk)
    const now = lines
    lines = []
    for (const [line, missing] of now) {
      const wait = sendWaiting(line, missing)
      if (wait !== undefined) await wait
    }
  }
}
