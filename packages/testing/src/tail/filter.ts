import { levelRank } from './levels.js'
import { isObject, type TailLine } from './lines.js'
import type { TailSettings } from './settings.js'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A line with what it says, read when it is asked for. */
export class ReadLine {
  readonly line: TailLine
  /** Undefined if the data is no UTF-8. */
  readonly text: string | undefined
  #fields: Readonly<Record<string, unknown>> | null | undefined

  constructor(line: TailLine) {
    this.line = line
    this.text = textOf(line.data)
  }

  /** Of a line of JSON, or an OTLP log. */
  get fields(): Readonly<Record<string, unknown>> | undefined {
    if (this.#fields === undefined) this.#fields = this.line.log ?? parsed(this.text) ?? null
    return this.#fields ?? undefined
  }
}

const textOf = (data: Uint8Array): string | undefined => {
  try {
    return strict.decode(data)
  } catch {
    return undefined
  }
}

const parsed = (text: string | undefined): Readonly<Record<string, unknown>> | undefined => {
  if (text === undefined || !text.trimStart().startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether a line is asked for. A line without a level is not, where a level is. */
export const isWanted = (read: ReadLine, { keys, text, level }: TailSettings): boolean => {
  if (keys.length > 0 && !keys.includes(read.line.partitionKey)) return false
  if (
    text !== undefined &&
    !(read.text ?? Buffer.from(read.line.data).toString('latin1')).includes(text)
  )
    return false
  if (level === undefined) return true
  const rank = read.fields && levelRank(read.fields)
  return rank !== undefined && rank >= level
}
