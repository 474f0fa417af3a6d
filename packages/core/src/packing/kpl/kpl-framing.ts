import type { Framing } from '../../store/framing.js'
import { KPL_TAG } from './kpl-format.js'
import { varintSize } from './varint.js'

/** A field of this many bytes, with its tag and length. */
export const fieldSize = (bytes: number): number => 1 + varintSize(bytes) + bytes

/** Bytes of the message of a record, by the indices of its keys in their tables. */
export const kplMessageSize = (
  length: number,
  index: number,
  hashIndex: number | undefined,
): number => {
  const size = 1 + varintSize(index) + fieldSize(length)
  return hashIndex === undefined ? size : size + 1 + varintSize(hashIndex)
}

/** Four tags and four numbers of at most five bytes. */
export const MAX_KPL_HEADER = 24

/** Writes all of a record's field but its data; returns where that begins. */
export const writeKplHeader = (
  memory: Buffer,
  start: number,
  length: number,
  index: number,
  hashIndex: number | undefined,
): number => {
  let at = start
  memory[at++] = KPL_TAG.record
  at = varint(memory, at, kplMessageSize(length, index, hashIndex))
  memory[at++] = KPL_TAG.partitionKeyIndex
  at = varint(memory, at, index)
  if (hashIndex !== undefined) {
    memory[at++] = KPL_TAG.explicitHashKeyIndex
    at = varint(memory, at, hashIndex)
  }
  memory[at++] = KPL_TAG.data
  return varint(memory, at, length)
}

/** Bytes before the data of a record that has the first key and no hash key. */
export const kplHeaderSize = (length: number): number =>
  fieldSize(kplMessageSize(length, 0, undefined)) - length

/** The message as most records need it: with the first key of the aggregate, and no hash key. */
export const KPL_FRAMING: Framing = {
  maxBytes: MAX_KPL_HEADER,
  begin: (memory, at, size) => writeKplHeader(memory, at, size, 0, undefined),
  end: (_memory, _start, end) => end,
}

const varint = (memory: Buffer, start: number, value: number): number => {
  let at = start
  let rest = value
  while (rest >= 0x80) {
    memory[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  memory[at++] = rest
  return at
}
