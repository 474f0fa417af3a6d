import { visible } from '../escape.js'

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])
const MAX_CHARACTERS = 300

/** Text of anybody, for an element or an attribute: names of streams and messages are hostile input. */
export const html = (text: string): string => {
  const short = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}...` : text
  return visible(short.toWellFormed()).replaceAll(/[&<>"']/g, one => ENTITIES.get(one) ?? '')
}

const STEPS = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const

/** A short number for an axis. */
export const short = (value: number): string => {
  for (const [size, unit] of STEPS)
    if (value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`
  return String(Number(value.toPrecision(3)))
}

/** All of its digits, in groups. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`
