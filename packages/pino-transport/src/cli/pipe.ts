import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { LineFeed } from '../lines/line-feed.js'

/**
 * Reads the input to its end, or until `stop`, no faster than lines are taken. With `echo` the bytes go
 * through unchanged, no faster than they are read; when their reader goes away, reading goes on.
 * @throws if the input cannot be read to its end; what was read is with the transport
 */
export const pipeLines = async (
  input: Readable,
  feed: LineFeed,
  echo: Writable | undefined,
  stop: AbortSignal,
): Promise<void> => {
  echo?.on('error', () => {})
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      if (echo?.writable && !echo.write(chunk)) await drained(echo, stop)
      await feed(chunk)
      if (stop.aborted) break
    }
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    await feed('end')
  }
}

/** Waits until the stream takes more, or never will. */
const drained = async (stream: Writable, stop: AbortSignal): Promise<void> => {
  const over = new AbortController()
  const { signal } = over
  const abort = (): void => over.abort()
  stop.addEventListener('abort', abort, { once: true, signal })
  // Each of them settles when the first does; a `close` without an error ends the wait as well.
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]).catch(
    () => {},
  )
  abort()
}
