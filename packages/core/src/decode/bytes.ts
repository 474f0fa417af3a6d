import { isAnyArrayBuffer } from 'node:util/types'

/**
 * The bytes of a buffer or of any view on one, not copied; undefined for anything else. Told by
 * what they are, not by `instanceof`: those of another realm (a `vm` context, jest) are taken too.
 */
export const bytesOf = (value: unknown): Buffer | undefined => {
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return isAnyArrayBuffer(value) ? Buffer.from(value) : undefined
}

const NO_BASE64 = /[^A-Za-z0-9+/]/
const PADDING = new Set(['', '=', '=='])

/** The bytes of a base64 text; undefined if it is none. `Buffer.from` would pass over what is not. */
export const bytesOfBase64 = (text: string): Buffer | undefined => {
  const end = text.search(NO_BASE64)
  const digits = end === -1 ? text.length : end
  if (digits % 4 === 1 || !PADDING.has(text.slice(digits, digits + 3))) return undefined
  return Buffer.from(text, 'base64')
}
