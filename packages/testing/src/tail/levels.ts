/** Names of levels as the severity numbers of OpenTelemetry: 1 to 24. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ['trace', 1],
  ['debug', 5],
  ['info', 9],
  ['notice', 10],
  ['warn', 13],
  ['warning', 13],
  ['error', 17],
  ['err', 17],
  ['fatal', 21],
  ['critical', 21],
])

export const LEVEL_NAMES: readonly string[] = [...RANKS.keys()]

/** By name, in any case, also those of OpenTelemetry such as INFO2. */
export const rankOfName = (name: string): number | undefined => {
  const [, word = '', step = '1'] = /^([a-z]+)([234]?)$/.exec(name.toLowerCase()) ?? []
  const rank = RANKS.get(word)
  return rank === undefined ? undefined : rank + Number(step || 1) - 1
}

/** Pino's numbers: 10 is trace, 60 fatal. */
const rankOfPino = (level: number): number => Math.max(1, (level / 10 - 1) * 4 + 1)

/** The rank of a line of JSON, by the fields that loggers write; undefined if it has none. */
export const levelRank = (line: Readonly<Record<string, unknown>>): number | undefined => {
  const { level, severity, severity_number, severityNumber, severityText } = line
  const number = severity_number ?? severityNumber
  if (typeof number === 'number') return number
  if (typeof level === 'number') return rankOfPino(level)
  const name = [level, severity, severityText].find(value => typeof value === 'string')
  return typeof name === 'string' ? rankOfName(name) : undefined
}
