import { shownAs } from '../errors/bounded-text.js'

/**
 * Errors of requests of which no byte left this process: their records cannot be in the stream. Who
 * sends knows that; the error itself, thrown by a credentials provider for example, does not tell.
 */
const unsent = new WeakSet<object>()

/** Returns the error, or one in its place if it is no object. */
export const markUnsent = (error: unknown): unknown => {
  const marked = typeof error === 'object' && error !== null ? error : new Error(shownAs(error))
  unsent.add(marked)
  return marked
}

export const isUnsent = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && unsent.has(error)

const abortError = (signal: AbortSignal): Error =>
  Object.assign(new Error('Request aborted', { cause: signal.reason }), { name: 'AbortError' })

/** Rejects when the signal aborts, whether or not the work listens to it. */
export const unlessAborted = async <T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  onAbort: () => void = () => {},
): Promise<T> => {
  if (signal === undefined) return work
  let stop = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(abortError(signal))
      onAbort()
    }
  })
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
