import { constants } from 'node:buffer'
import { gunzipSync, inflateSync } from 'node:zlib'
import { CorruptRecordError } from '../errors/errors.js'

/** The magic of gzip and the one method there is (RFC 1952, 2.3.1). */
export const isGzip = (data: Uint8Array): boolean =>
  data[0] === 0x1f && data[1] === 0x8b && data[2] === 8 && data.length >= 18

/** A header of zlib (RFC 1950, 2.2) without a dictionary. Text may begin alike ("x^"). */
const isZlib = (data: Uint8Array): boolean => {
  const [method = 0, flags = 0] = data
  return method === 0x78 && (flags & 0x20) === 0 && (method * 256 + flags) % 31 === 0
}

/**
 * The content of a gzip, or of zlib; other data as it is. What begins as zlib but is none stays as
 * it is, because two bytes prove nothing.
 * @throws {CorruptRecordError} it begins as gzip and is none, or would become too large
 */
export const decompress = (data: Buffer, maxBytes: number): Buffer => {
  if (isGzip(data)) return gunzip(data, maxBytes)
  return isZlib(data) ? inflate(data, maxBytes) : data
}

/** @throws {CorruptRecordError} it is no gzip, or would become too large */
export const gunzip = (data: Buffer, maxBytes: number): Buffer => {
  try {
    return gunzipSync(data, { maxOutputLength: bounded(maxBytes) })
  } catch (error) {
    throw isTooLarge(error)
      ? tooLarge(maxBytes, error)
      : new CorruptRecordError(`gzip: ${messageOf(error)}`, error)
  }
}

/**
 * The content if the data is one gzip from the first byte to the last, as a producer writes it;
 * undefined if there is more, or if it is none.
 * @throws {CorruptRecordError} it would become too large
 */
export const gunzipWhole = (data: Buffer, maxBytes: number): Buffer | undefined => {
  if (!isGzip(data)) return undefined
  try {
    const content = gunzipSync(data, { maxOutputLength: bounded(maxBytes) })
    // Node.js passes over zeros behind a gzip; its last four bytes are the size of its content.
    return data.readUInt32LE(data.length - 4) === content.length % 2 ** 32 ? content : undefined
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge(maxBytes, error)
    return undefined
  }
}

const inflate = (data: Buffer, maxBytes: number): Buffer => {
  try {
    return inflateSync(data, { maxOutputLength: bounded(maxBytes) })
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge(maxBytes, error)
    return data
  }
}

const bounded = (maxBytes: number): number => Math.min(maxBytes, constants.MAX_LENGTH)

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'

const tooLarge = (maxBytes: number, error: unknown): CorruptRecordError =>
  new CorruptRecordError(`decompressed it has more than maxBytes ${maxBytes}`, error)

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
