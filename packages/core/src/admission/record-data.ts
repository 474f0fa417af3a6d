import { types } from 'node:util'
import { show } from '../config/check.js'
import { InvalidRecordError } from '../errors/errors.js'
import type { RecordData } from '../record/record.js'

/**
 * The same as text or as a `Uint8Array`; no byte is copied. Bytes may come from another realm (a
 * `vm` context, a test runner), where `instanceof` knows none of them.
 * @throws {InvalidRecordError} something else, or a view of memory that is gone
 */
export const recordData = (given: unknown): RecordData => {
  if (typeof given === 'string') return given
  if (ArrayBuffer.isView(given)) {
    // A view of memory that is gone says that it is empty.
    if (given instanceof Uint8Array && given.byteLength > 0) return given
    return madeOf('view', () => bytesOfView(given))
  }
  if (types.isAnyArrayBuffer(given)) return madeOf('buffer', () => new Uint8Array(given))
  throw new InvalidRecordError(
    `data must be a string, a Uint8Array, another view of an ArrayBuffer, or an ArrayBuffer; not ${show(given)}`,
  )
}

const bytesOfView = (view: ArrayBufferView): Uint8Array => {
  // Reading throws where there is no memory; a DataView throws when asked for its length.
  if (view.byteLength === 0 && types.isTypedArray(view)) void view.values()
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

const GONE = {
  view: 'data is a view of an ArrayBuffer that was detached or made smaller',
  buffer: 'data is an ArrayBuffer that was detached',
} as const

const madeOf = (kind: keyof typeof GONE, make: () => Uint8Array): Uint8Array => {
  try {
    return make()
  } catch {
    throw new InvalidRecordError(
      `${GONE[kind]} (by a transfer to another thread, for example): add the record before that, or a copy of its bytes`,
    )
  }
}
