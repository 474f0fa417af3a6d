import { MAX_PARTITION_KEY_CHARACTERS } from '../config/aws-limits.js'
import { show } from '../config/check.js'
import { InvalidRecordError, RecordTooLargeError } from '../errors/errors.js'
import { countedKeyBytes } from '../record/counted-bytes.js'
import { isHashKey } from '../record/hash-key.js'
import type { RecordData } from '../record/record.js'

/**
 * Counts the bytes of a record and refuses what the service would refuse: one such record would fail the whole
 * request it travels in.
 * @param overhead bytes it gains when it is packed
 * @throws {InvalidRecordError} wrong type, key empty, too long or not well-formed, hash key out of range
 * @throws {RecordTooLargeError} larger than `maxRecordBytes`
 */
export const validate = (
  data: RecordData,
  partitionKey: string | undefined,
  explicitHashKey: string | undefined,
  overhead: number,
  maxRecordBytes: number,
): number => {
  let size: number
  if (typeof data === 'string') size = Buffer.byteLength(data, 'utf8')
  else if (data instanceof Uint8Array) size = data.byteLength
  else throw new InvalidRecordError(`data must be a string or a Uint8Array, not ${show(data)}`)

  if (partitionKey !== undefined) checkPartitionKey(partitionKey)
  if (explicitHashKey !== undefined) checkHashKey(explicitHashKey)
  const bytes = size + overhead + countedKeyBytes(partitionKey)
  if (bytes > maxRecordBytes) throw new RecordTooLargeError(bytes, maxRecordBytes)
  return bytes
}

const checkPartitionKey = (key: unknown): void => {
  if (typeof key !== 'string') {
    throw new InvalidRecordError(
      `partitionKey must be a string, or left out for any shard; not ${show(key)}`,
    )
  }
  if (key.length === 0) {
    throw new InvalidRecordError('partitionKey must not be empty: leave it out for any shard')
  }
  if (key.length > MAX_PARTITION_KEY_CHARACTERS) {
    throw new InvalidRecordError(
      `partitionKey must have at most ${MAX_PARTITION_KEY_CHARACTERS} characters, not ${key.length}`,
    )
  }
  // JSON and CBOR would carry it as different keys, and consumers of aggregates would see a third.
  if (!key.isWellFormed()) {
    throw new InvalidRecordError(
      'partitionKey must be well-formed text, and it holds half of a surrogate pair, which no UTF-8 has: ' +
        'repair it with partitionKey.toWellFormed(), and cut keys between characters',
    )
  }
}

const checkHashKey = (key: unknown): void => {
  if (!isHashKey(key)) {
    throw new InvalidRecordError(
      `explicitHashKey must be a decimal number from 0 to 2^128 - 1 in a string, not ${show(key)}`,
    )
  }
}
