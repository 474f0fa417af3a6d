const MAX_SHOWN_KEYS = 10
const MAX_SHOWN_CHARACTERS = 40

/** What a value that is no record looks like: its kind and the names of its fields, no data. */
export const describeShape = (value: unknown): string => {
  if (typeof value === 'string')
    return `a string of ${value.length} characters (base64? pass Buffer.from(text, 'base64'))`
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  if (Array.isArray(value)) return 'an array'
  if ('then' in value) return 'a promise: await it'
  const keys = Object.keys(value)
  const more = keys.length > MAX_SHOWN_KEYS ? ' and more' : ''
  const shown = keys.slice(0, MAX_SHOWN_KEYS).map(key => key.slice(0, MAX_SHOWN_CHARACTERS))
  const seen =
    shown.length === 0 ? 'an object without fields' : `an object with ${shown.join(', ')}${more}`
  return `${seen}${faultOf(value)}`
}

/** The data of a record that looks like one, if that is what is wrong. */
const faultOf = (value: object): string => {
  for (const [where, record] of [
    ['', value],
    ['kinesis.', Reflect.get(value, 'kinesis')],
  ] as const) {
    if (typeof record !== 'object' || record === null) continue
    for (const name of ['Data', 'data']) {
      const data: unknown = Reflect.get(record, name)
      if (typeof data === 'string') return `, whose ${where}${name} is text, but not base64`
      if (typeof data === 'object' && data !== null)
        return `, whose ${where}${name} is no bytes (after JSON? pass Buffer.from(data))`
      if (data !== undefined) return `, whose ${where}${name} is a ${typeof data}`
    }
  }
  return ''
}
