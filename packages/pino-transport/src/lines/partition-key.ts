import { partitionKeyFrom } from '@kinesis-producer/core/adapter/rules'
import { parseObject } from './level.js'

/** The partition key a line's field holds; undefined (a random key) if it holds none. */
export const keyAt = (line: string, path: readonly string[]): string | undefined => {
  let value: unknown = parseObject(line)
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return partitionKeyFrom(value)
}
