import { property, wordsOfBody } from '../errors/bounded-text.js'

/** Begins a message with the first words of an answer that cannot be read. */
export const NOT_THE_SERVICES = 'the answer is not the service’s'
/** As much of an answer as is shown in an error, and more. */
export const MAX_PAGE_BYTES = 4096

/** How answers began that the SDK's pipeline read: it does not say why it cannot read one. */
const beginnings = new WeakMap<object, Buffer>()

export const noteBeginning = (response: object, chunk: Uint8Array): void => {
  if (beginnings.has(response)) return
  // A copy: the chunk may be a window on a larger buffer.
  beginnings.set(response, Buffer.from(chunk.subarray(0, MAX_PAGE_BYTES)))
}

/** The first words of the answer that an error of the SDK's is about; empty if they are not known. */
export const firstWordsOf = (error: unknown): string => {
  const response = property(error, '$response')
  const noted =
    typeof response === 'object' && response !== null ? beginnings.get(response) : undefined
  if (noted !== undefined) return wordsOfBody(noted.toString('utf8'))
  // Where other versions of the SDK keep it.
  const body = property(response, 'body')
  return typeof body === 'string' ? wordsOfBody(body) : ''
}
