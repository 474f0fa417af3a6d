/** Levels of nesting kept of a body or attribute; deeper ones are replaced by a mark. */
export const MAX_DEPTH = 64

/**
 * A value as JSON can carry it, whatever was logged: one strange value must never harm its log, let
 * alone another. Numbers that JSON lacks, big integers and dates become strings, bytes become
 * base64, errors keep name, message and stack, maps and sets become objects and arrays. A cycle, a
 * getter that throws and what is nested too deeply are replaced by a mark that says so.
 */
export const plain = (value: unknown): unknown => convert(value, 0, new Set())

const convert = (value: unknown, depth: number, above: Set<object>): unknown => {
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
  if (above.has(value)) return '[circular]'
  if (depth >= MAX_DEPTH) return '[too deep]'
  above.add(value)
  try {
    return convertObject(value, depth + 1, above)
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : 'it throws'}]`
  } finally {
    above.delete(value)
  }
}

const convertObject = (value: object, depth: number, above: Set<object>): unknown => {
  if (Array.isArray(value)) return value.map(item => convert(item, depth, above) ?? null)
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('base64')
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? String(value) : value.toISOString()
  if (value instanceof Set) return [...value].map(item => convert(item, depth, above) ?? null)
  const result: Record<string, unknown> = {}
  if (value instanceof Error) {
    result['name'] = value.name
    result['message'] = value.message
    if (value.stack !== undefined) result['stack'] = value.stack
  }
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value : Object.keys(value).map(key => [key, readProperty(value, key)])
  for (const [key, item] of entries) {
    // Defined, not assigned: a key named __proto__ is a key like any other.
    Object.defineProperty(result, String(key), {
      value: convert(item, depth, above),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return result
}

const readProperty = (value: object, key: string): unknown => {
  try {
    return Reflect.get(value, key)
  } catch (error) {
    return `[unreadable: ${error instanceof Error ? error.message : 'it throws'}]`
  }
}
