/** Bytes every generated key has at most; admission counts them for a record without a key. */
export const SPREAD_KEY_BYTES = 14

/** UTF-8 bytes of a key. Most keys are short and ASCII, for which a call into Node costs more. */
export const keyBytes = (key: string): number => {
  for (let i = 0; i < key.length; i++)
    if (key.charCodeAt(i) > 0x7f) return Buffer.byteLength(key, 'utf8')
  return key.length
}

/** Bytes a record counts for its key. */
export const countedKeyBytes = (partitionKey: string | undefined): number =>
  partitionKey === undefined ? SPREAD_KEY_BYTES : keyBytes(partitionKey)
