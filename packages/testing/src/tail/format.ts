import { visible } from '../escape.js'
import type { ReadLine } from './filter.js'
import { levelRank } from './levels.js'

const MAX_BINARY_SHOWN = 64
const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const
const COLOURS = ['2', '2', '32', '33', '31', '35'] as const
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set([
  'level',
  'severity',
  'severity_number',
  'severityNumber',
  'severityText',
  'time',
  'timestamp',
  'observedTime',
  'observed_timestamp',
  'msg',
  'message',
  'body',
])

export interface Look {
  readonly isTerminal: boolean
  readonly colours: boolean
}

/** Data that is no text. */
const binary = (data: Uint8Array): string => {
  const shown = Buffer.from(data.subarray(0, MAX_BINARY_SHOWN)).toString('hex')
  const rest = data.length > MAX_BINARY_SHOWN ? '...' : ''
  return `<${data.length} bytes: ${shown}${rest}>`
}

/** The line as it was added: byte for byte, unless a terminal would act on it. */
export const asLine = ({ line, text }: ReadLine, { isTerminal }: Look): string | Uint8Array => {
  if (!isTerminal) return Buffer.concat([line.data, Buffer.from('\n')])
  return `${text === undefined ? binary(line.data) : visible(text)}\n`
}

/** One object a line, for jq: text where the data is text, base64 where it is not. */
export const asJson = ({ line, text }: ReadLine, { isTerminal }: Look): string => {
  const { shardId, partitionKey, sequenceNumber, subSequenceNumber, arrivedAt, log, corrupt } = line
  const content =
    log !== undefined
      ? { log }
      : text !== undefined
        ? { text }
        : { base64: Buffer.from(line.data).toString('base64') }
  const json = JSON.stringify({
    shardId,
    partitionKey,
    sequenceNumber,
    subSequenceNumber,
    arrivedAt: arrivedAt === undefined ? undefined : new Date(arrivedAt).toISOString(),
    ...content,
    corrupt,
  })
  return `${isTerminal ? visible(json) : json}\n`
}

/** For people: when it arrived, where, its level, its key, what it says, and its other fields. */
export const asPretty = (read: ReadLine, { colours }: Look): string => {
  const { line, text, fields } = read
  const paint = (code: string, what: string): string =>
    colours ? `\u001b[${code}m${what}\u001b[0m` : what
  const rank = fields && levelRank(fields)
  const step = rank === undefined ? undefined : Math.min(5, Math.max(0, Math.floor((rank - 1) / 4)))
  const level = step === undefined ? '     ' : (NAMES[step] ?? '').padEnd(5)
  return `${[
    paint(
      '2',
      line.arrivedAt === undefined ? '-' : new Date(line.arrivedAt).toISOString().slice(11, 23),
    ),
    paint('2', visible(line.shardId.replace(/^shardId-0*(?=\d)/, 's'))),
    step === undefined ? level : paint(COLOURS[step] ?? '0', level),
    paint('36', visible(line.partitionKey)),
    line.corrupt === undefined ? '' : paint('31', `[${visible(line.corrupt)}]`),
    fields === undefined
      ? text === undefined
        ? binary(line.data)
        : visible(text)
      : `${said(fields)} ${paint('2', others(fields))}`,
  ]
    .filter(part => part !== '')
    .join(' ')
    .trimEnd()}\n`
}

const said = ({ msg, message, body }: Readonly<Record<string, unknown>>): string => {
  const value = msg ?? message ?? body ?? ''
  return visible(typeof value === 'string' ? value : JSON.stringify(value))
}

const others = (fields: Readonly<Record<string, unknown>>): string => {
  const rest = Object.entries(fields).filter(
    ([name, value]) => !SHOWN_ELSEWHERE.has(name) && value !== undefined && !isEmpty(value),
  )
  return rest.length === 0 ? '' : visible(JSON.stringify(Object.fromEntries(rest)))
}

const isEmpty = (value: unknown): boolean =>
  value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
