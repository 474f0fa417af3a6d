/** Words that both threads share; settled records and bytes are counted modulo 2^32. */
export const SETTLED_RECORDS = 0
export const SETTLED_BYTES = 1
/** The worker waits for a message: what is published meanwhile it does not see by itself. */
export const ASLEEP = 2
/** The worker told that records were settled, and the main thread has not looked since. */
export const NEWS = 3
/** Messages that the worker has posted, modulo 2^32. */
export const MAIL = 4
/** The buffer is full: batches that do not fill have waited long enough. */
export const FULL = 5
/** Memory that the worker needs beyond the bytes of the records and a tolerated part. */
export const EXCESS = 6
const WORDS = 8

export const createControl = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT))
