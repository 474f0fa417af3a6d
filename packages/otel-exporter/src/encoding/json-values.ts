import type { Shape } from './converter.js'
import { base64, quoted } from './json-text.js'

/** Values as plain JSON: numbers that it lacks are text, bytes are base64. */
export const FLAT: Shape<string> = {
  text: quoted,
  bool: String,
  number: value => (Number.isFinite(value) ? String(value) : `"${value}"`),
  bigint: value => `"${value}"`,
  bytes: bytes => `"${base64(bytes)}"`,
  nothing: () => 'null',
  array: items => `[${joined(items)}]`,
  map: entries => `{${joined(entries.map(([name, value]) => `${quoted(name)}:${value}`))}}`,
  weight: value => value.length,
  textWeight: text => text.length + 2,
  collectionWeight: 2,
}

/** Values as `AnyValue` in OTLP JSON: whole numbers are text, as they have 64 bits. */
export const ANY_VALUE: Shape<string> = {
  text: text => `{"stringValue":${quoted(text)}}`,
  bool: value => `{"boolValue":${value}}`,
  number: value => {
    if (Object.is(value, -0)) return '{"doubleValue":"-0"}'
    if (!Number.isFinite(value)) return `{"doubleValue":"${value}"}`
    if (Number.isSafeInteger(value)) return `{"intValue":"${value}"}`
    return Number.isInteger(value) && Math.abs(value) < 2 ** 63
      ? `{"intValue":"${BigInt(value)}"}`
      : `{"doubleValue":${value}}`
  },
  bigint: value => `{"intValue":"${value}"}`,
  bytes: bytes => `{"bytesValue":"${base64(bytes)}"}`,
  nothing: () => '{}',
  array: items => `{"arrayValue":{"values":[${joined(items)}]}}`,
  map: entries => `{"kvlistValue":{"values":${keyValues(entries)}}}`,
  weight: value => value.length,
  textWeight: text => text.length + 2,
  collectionWeight: 28,
}

/** A list of `KeyValue`. */
export const keyValues = (entries: readonly (readonly [string, string])[]): string =>
  `[${joined(entries.map(([name, value]) => `{"key":${quoted(name)},"value":${value}}`))}]`

/** Not by `join`, which copies: what is nested would be copied at every level. */
const joined = (parts: readonly string[]): string => {
  let text = ''
  for (const part of parts) text += text === '' ? part : `,${part}`
  return text
}
