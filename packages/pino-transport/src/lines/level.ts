const PREFIX = '{"level":'
const ZERO = 48
const COMMA = 44
const BRACE = 125

/**
 * The level of a line. Pino writes it first, as a number, where it is read without a parse; any
 * other line is parsed. Undefined if there is none.
 */
export const levelOf = (line: string, levels: ReadonlyMap<string, number>): number | undefined =>
  line.startsWith(PREFIX)
    ? (leadingLevel(line) ?? parsedLevel(line, levels))
    : parsedLevel(line, levels)

const leadingLevel = (line: string): number | undefined => {
  let level = 0
  for (let i = PREFIX.length; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (code >= ZERO && code <= ZERO + 9) level = level * 10 + code - ZERO
    else return i > PREFIX.length && (code === COMMA || code === BRACE) ? level : undefined
  }
  return undefined
}

const parsedLevel = (line: string, levels: ReadonlyMap<string, number>): number | undefined => {
  const object = parseObject(line)
  const level = object === undefined ? undefined : Reflect.get(object, 'level')
  if (typeof level === 'number') return level
  return typeof level === 'string' ? levels.get(level.toLowerCase()) : undefined
}

/** The object of a line, or undefined if the line is none. */
export const parseObject = (line: string): object | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
