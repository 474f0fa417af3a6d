import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LineTransport } from '../transport.js'

/** Wait for deliveries while more than this share of the buffer is taken: nothing need be dropped. */
const FULL_SHARE = 0.5
const POLL_MS = 100

export interface Limits {
  readonly bufferSize: number
  readonly bufferBytes: number
}

/**
 * Reads the input to its end, or until `stop`, no faster than lines are delivered. With `echo` the
 * bytes go through unchanged, no faster than they are read; when their reader goes away, reading
 * goes on.
 */
export const pipeLines = async (
  input: Readable,
  transport: LineTransport,
  { bufferSize, bufferBytes }: Limits,
  echo: Writable | undefined,
  stop: AbortSignal,
): Promise<void> => {
  echo?.on('error', () => {})
  const taken = (): boolean => {
    const { remaining, remainingBytes } = transport.stats()
    return remaining > bufferSize * FULL_SHARE || remainingBytes > bufferBytes * FULL_SHARE
  }
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      if (stop.aborted) break
      transport.write(chunk)
      if (echo?.writable && !echo.write(chunk)) await drained(echo, stop)
      while (taken() && !stop.aborted)
        await Promise.race([transport.flush(POLL_MS), sleep(POLL_MS)])
    }
  } catch (error) {
    if (!stop.aborted) throw error
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
