import { parseObject } from './level.js'

/** What a line's field holds, of which its partition key is made; undefined if it has none. */
export const valueAt = (line: string, path: readonly string[]): unknown => {
  let value: unknown = parseObject(line)
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return value
}
