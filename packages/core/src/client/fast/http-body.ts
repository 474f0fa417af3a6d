import { gunzipSync } from 'node:zlib'
import { property } from '../../errors/bounded-text.js'
import { unlessAborted } from '../unsent.js'

/** Largest answer that is read: one for 500 records has a hundred kilobytes. */
export const MAX_ANSWER_BYTES: number = 64 * 1024 * 1024
/** Largest answer with an error status that is read: the service's own have a few hundred bytes. */
export const MAX_ERROR_BYTES: number = 1024 * 1024

/** An answer beyond the bound: whatever it was, it is not read any further. */
export class AnswerTooLargeError extends Error {
  constructor(limit: number) {
    super(`the answer to PutRecords is larger than ${limit} bytes`)
    this.name = 'AnswerTooLargeError'
  }
}

export const answerLimit = (statusCode: number): number =>
  statusCode === 200 ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES

/**
 * The body of a response, of at most `limit` bytes. Ends with an error as soon as the signal aborts,
 * also if the handler that made the response no longer listens to it.
 */
export const bytesOf = (
  body: unknown,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> => unlessAborted(collect(body, limit), signal, () => destroy(body))

/** Handlers of others may answer with bytes or a text as well as with a stream. */
const collect = async (body: unknown, limit: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let size = 0
  const take = (chunk: unknown): void => {
    const bytes = chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk), 'utf8')
    size += bytes.length
    if (size > limit) throw new AnswerTooLargeError(limit)
    chunks.push(bytes)
  }
  if (isStream(body)) {
    try {
      for await (const chunk of body) take(chunk)
    } catch (error) {
      destroy(body)
      throw error
    }
  } else if (body !== undefined && body !== null) take(body)
  const [only] = chunks
  return chunks.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(chunks)
}

/** Proxies compress what they were not asked to. Throws what is no gzip, and what exceeds the bound. */
export const unzipped = (bytes: Buffer, encoding: string | undefined, limit: number): Buffer => {
  if (!isGzip(encoding) || bytes.length === 0) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: limit })
  } catch (error) {
    throw property(error, 'code') === 'ERR_BUFFER_TOO_LARGE'
      ? new AnswerTooLargeError(limit)
      : new SyntaxError('the answer to PutRecords cannot be read: it claims to be gzip', {
          cause: error,
        })
  }
}

export const isGzip = (encoding: unknown): boolean =>
  typeof encoding === 'string' && /^(x-)?gzip$/i.test(encoding.trim())

const isStream = (body: unknown): body is AsyncIterable<unknown> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

/** Closes the connection, so that a stalled or endless body ends. */
const destroy = (body: unknown): void => {
  const end = property(body, 'destroy')
  if (typeof end === 'function') Reflect.apply(end, body, [])
}
