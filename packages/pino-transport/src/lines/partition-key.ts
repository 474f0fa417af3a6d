import { parseObject } from './level.js'

const MAX_KEY = 256

/** The partition key a line's field holds; undefined (a random key) if it holds none. */
export const keyAt = (line: string, path: readonly string[]): string | undefined => {
  let value: unknown = parseObject(line)
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return undefined
  const key = String(value).slice(0, MAX_KEY)
  return key === '' ? undefined : key
}
