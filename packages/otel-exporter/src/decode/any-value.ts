import type { ProtobufReader } from '@kinesis-producer/core/decode'
import { setOwn } from '../own-property.js'
import type { Limits } from './limits.js'
import { type LogValue, type LogValues, wholeNumber } from './plain-log.js'

/** Tags of `AnyValue`, `KeyValue`, `ArrayValue` and `KeyValueList` of opentelemetry-proto. */
const ANY = {
  text: 0x0a,
  bool: 0x10,
  int: 0x18,
  double: 0x21,
  array: 0x2a,
  keyValues: 0x32,
  bytes: 0x3a,
} as const
const KEY_VALUE = { key: 0x0a, value: 0x12 } as const
const ENTRY = 0x0a

/** An `AnyValue`. */
export const readValue = (reader: ProtobufReader, depth: number, limits: Limits): LogValue => {
  limits.checkDepth(depth)
  let value: LogValue = null
  while (!reader.done) {
    const tag = reader.varint()
    switch (tag) {
      case ANY.text:
        value = reader.text()
        break
      case ANY.bool:
        value = reader.varint64() !== 0n
        break
      case ANY.int:
        value = wholeNumber(BigInt.asIntN(64, reader.varint64()))
        break
      case ANY.double:
        value = reader.double()
        break
      case ANY.array:
        value = readArray(reader.message(), depth + 1, limits)
        break
      case ANY.keyValues:
        value = readKeyValues(reader.message(), depth + 1, limits)
        break
      case ANY.bytes:
        value = new Uint8Array(reader.bytes())
        break
      default:
        reader.skip(tag)
    }
  }
  return value
}

/** A `KeyValue`. */
export const readKeyValue = (
  reader: ProtobufReader,
  depth: number,
  limits: Limits,
): [key: string, value: LogValue] => {
  let key = ''
  let value: LogValue = null
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === KEY_VALUE.key) key = reader.text()
    else if (tag === KEY_VALUE.value) value = readValue(reader.message(), depth, limits)
    else reader.skip(tag)
  }
  return [key, value]
}

const readArray = (reader: ProtobufReader, depth: number, limits: Limits): LogValue[] => {
  const values: LogValue[] = []
  readEntries(reader, limits, entry => values.push(readValue(entry, depth, limits)))
  return values
}

const readKeyValues = (reader: ProtobufReader, depth: number, limits: Limits): LogValues => {
  const values: LogValues = {}
  readEntries(reader, limits, entry => setOwn(values, ...readKeyValue(entry, depth, limits)))
  return values
}

const readEntries = (
  reader: ProtobufReader,
  limits: Limits,
  read: (entry: ProtobufReader) => void,
): void => {
  while (!reader.done) {
    const tag = reader.varint()
    if (tag !== ENTRY) {
      reader.skip(tag)
      continue
    }
    limits.countValues()
    read(reader.message())
  }
}
