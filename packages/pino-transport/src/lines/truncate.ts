import { parseObject } from './level.js'

/** Room for the mark itself and for escapes at a cut. */
const MARGIN = 64

const bytesOf = (value: string): number => Buffer.byteLength(value)

/** The beginning of a text, at most so many bytes once it is JSON, and never half a character. */
export const cutText = (value: string, bytes: number): string => {
  let low = 0
  let high = Math.min(value.length, Math.max(0, bytes))
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (bytesOf(JSON.stringify(value.slice(0, middle))) <= bytes) low = middle
    else high = middle - 1
  }
  const last = value.charCodeAt(low - 1)
  const half = last >= 0xd800 && last <= 0xdbff
  return value.slice(0, half ? low - 1 : low)
}

/**
 * Shortens a line to valid JSON of at most `limit` bytes: its largest fields are cut, or replaced by
 * the beginning of their JSON, until it fits. `truncated` says so, with the line's true size. What is
 * not a JSON object becomes one, with the text as `msg`.
 */
export const truncateLine = (line: string, limit: number): string => {
  const object = parseObject(line)
  const entries = new Map<string, unknown>(
    object === undefined ? [['msg', line]] : Object.entries(object),
  )
  const cut: string[] = []
  const mark = { bytes: bytesOf(line), fields: cut }
  // What each field takes, quotes, colon and comma included.
  const sizes = new Map(
    [...entries].map(([name, value]) => [name, bytesOf(JSON.stringify({ [name]: value })) - 1]),
  )
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 2)
  for (;;) {
    const marked = bytesOf(JSON.stringify({ truncated: mark })) + MARGIN
    const over = total + marked - limit
    if (over <= 0) break
    const largest = [...sizes].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0])
    const [name, size] = largest
    if (size === 0) break
    const value = entries.get(name)
    const source = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
    const nameBytes = bytesOf(JSON.stringify(name)) + 2
    // A later field's mark takes room as well.
    const room = size - over - nameBytes - bytesOf(JSON.stringify(name)) - 1
    if (cut.includes(name) || room < 2) {
      entries.delete(name)
      sizes.delete(name)
      total -= size
      if (!cut.includes(name)) cut.push(name)
      // Names alone must not fill the record.
      if (bytesOf(JSON.stringify(cut)) > limit / 2) cut.length = 0
      continue
    }
    const short = cutText(source, room)
    const now = bytesOf(JSON.stringify({ [name]: short })) - 1
    entries.set(name, short)
    sizes.set(name, now)
    total += now - size
    cut.push(name)
  }
  entries.set('truncated', mark)
  return JSON.stringify(Object.fromEntries(entries))
}
