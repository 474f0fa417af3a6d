import {
  bytesOf,
  CIRCULAR,
  type Entries,
  entriesOf,
  inPlainTerms,
  MAX_DEPTH,
  MAX_ITEMS,
  TOO_DEEP,
  unreadable,
} from './exotic.js'

/**
 * A value as JSON can carry it, whatever was logged: one strange value must never harm its log, let
 * alone another. Numbers that JSON lacks and big integers become strings, bytes become base64; for
 * the rest see `exotic.ts`.
 */
export const plain = (value: unknown): unknown => convert(value, [])

const convert = (value: unknown, above: object[]): unknown => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return String(value)
    case 'symbol':
    case 'function':
      return `[${typeof value}]`
    case 'object':
      break
  }
  if (value === null) return null
  if (above.includes(value)) return CIRCULAR
  if (above.length >= MAX_DEPTH) return TOO_DEEP
  above.push(value)
  try {
    return convertObject(value, above)
  } catch (error) {
    return unreadable(error)
  } finally {
    above.pop()
  }
}

const convertObject = (value: object, above: object[]): unknown => {
  const items = (list: readonly unknown[]): unknown[] => {
    const kept = Array.from(list.slice(0, MAX_ITEMS), item => convert(item, above) ?? null)
    return list.length > MAX_ITEMS ? [...kept, `[${list.length - MAX_ITEMS} more]`] : kept
  }
  if (Array.isArray(value)) return items(value)
  const bytes = bytesOf(value)
  if (bytes !== undefined)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  const terms = inPlainTerms(value)
  switch (terms?.kind) {
    case 'text':
      return terms.text
    case 'array':
      return items(terms.items)
    case 'value':
      return convert(terms.value, above)
    case 'map':
      return object(terms.entries, above)
    case undefined:
      return object(entriesOf(value), above)
  }
}

const object = (entries: Entries, above: object[]): unknown => {
  const result: Record<string, unknown> = {}
  for (const [key, item] of entries) {
    // Defined, not assigned: a key named __proto__ is a key like any other.
    Object.defineProperty(result, key, {
      value: convert(item, above),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return result
}
