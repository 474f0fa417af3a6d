import { isUtf8 } from 'node:buffer'
import type { RecordData } from '@kinesis-producer/core'

/** One line of a dead letter file. */
export interface DeadLetter {
  /** When it was given up, ISO 8601. */
  readonly time: string
  readonly reason: string
  readonly attempts: number
  readonly error?: string
  readonly partitionKey?: string
  readonly explicitHashKey?: string
  /** Its last request got no answer: sent again, it may be there twice. */
  readonly possiblyDelivered?: true
  /** Why the newest replay did not deliver it. */
  readonly lastReplay?: { readonly time: string; readonly reason: string; readonly error?: string }
  /** How `data` is to be read; absent: it is the text itself. */
  readonly encoding?: 'base64'
  /** The line as it was sent. */
  readonly data: string
}

/** A line that becomes a letter. */
export interface Undeliverable {
  readonly data: RecordData
  readonly partitionKey?: string | undefined
  readonly explicitHashKey?: string | undefined
  readonly reason: string
  readonly attempts: number
  readonly error?: unknown
  readonly possiblyDelivered?: boolean
}

export const letterOf = (lost: Undeliverable): DeadLetter => ({
  time: new Date().toISOString(),
  reason: lost.reason,
  attempts: lost.attempts,
  ...(lost.possiblyDelivered === true && { possiblyDelivered: true as const }),
  ...(lost.error instanceof Error && { error: lost.error.message }),
  ...(lost.partitionKey !== undefined && { partitionKey: lost.partitionKey }),
  ...(lost.explicitHashKey !== undefined && { explicitHashKey: lost.explicitHashKey }),
  ...encoded(lost.data),
})

const encoded = (data: RecordData): Pick<DeadLetter, 'data' | 'encoding'> => {
  if (typeof data === 'string') return { data }
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return isUtf8(bytes)
    ? { data: bytes.toString() }
    : { encoding: 'base64', data: bytes.toString('base64') }
}

/** What the letter's line was. */
export const dataOf = ({ data, encoding }: DeadLetter): RecordData =>
  encoding === undefined ? data : Buffer.from(data, encoding)

/** The letter of a line; undefined if it is none. Fields that are unknown here are kept. */
export const parseLetter = (line: string): DeadLetter | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return isLetter(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'

/** The fields of a letter, and whether a value may stand there. */
const FIELDS: ReadonlyMap<keyof DeadLetter, (value: unknown) => boolean> = new Map<
  keyof DeadLetter,
  (value: unknown) => boolean
>([
  ['time', isText],
  ['reason', isText],
  ['data', isText],
  ['attempts', value => Number.isSafeInteger(value) && Number(value) >= 0],
])
const OPTIONAL: typeof FIELDS = new Map<keyof DeadLetter, (value: unknown) => boolean>([
  ['error', isText],
  ['partitionKey', isText],
  ['explicitHashKey', isText],
  ['possiblyDelivered', value => value === true],
  ['encoding', value => value === 'base64'],
])

/** Own fields alone: a line of the file may hold `__proto__`. */
const isLetter = (value: unknown): value is DeadLetter =>
  typeof value === 'object' &&
  value !== null &&
  [...FIELDS].every(
    ([name, fits]) => Object.hasOwn(value, name) && fits(Reflect.get(value, name)),
  ) &&
  [...OPTIONAL].every(
    ([name, fits]) => !Object.hasOwn(value, name) || fits(Reflect.get(value, name)),
  )
