import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { Logger, ProducerStats } from '@kinesis-producer/core'

const nothing = (): void => {}

/**
 * The producer's warnings as process warnings of the main thread: thread-stream passes them on.
 * Never an `error` event, which would end the logger for good.
 */
export const warnings = (): Logger => {
  const warn = (message: string): void => {
    if (parentPort === null) process.emitWarning(message, 'KinesisProducerWarning')
    // Text, since an error's own name would not survive the way to the main thread.
    else parentPort.postMessage({ code: 'WARNING', err: message })
  }
  return { debug: nothing, info: nothing, warn, error: warn }
}

/**
 * Says on standard error what was lost. Written synchronously: at exit the main thread waits for
 * this one, so that nothing else written from here would ever appear.
 */
export const reportLoss = (
  stream: string,
  { dropped, droppedByReason, remaining, refused, consecutiveErrors }: ProducerStats,
): void => {
  if (dropped + remaining + refused === 0) return
  const parts: string[] = []
  if (remaining > 0) parts.push(`${remaining} not delivered in time`)
  for (const [reason, count] of Object.entries(droppedByReason))
    if (count > 0) parts.push(`${count} dropped (${reason})`)
  if (refused > 0) parts.push(`${refused} refused (too large)`)
  const why = consecutiveErrors > 0 ? `; the last ${consecutiveErrors} requests failed` : ''
  try {
    writeSync(
      2,
      `pino-transport for Kinesis stream ${stream}: ${dropped + remaining + refused} log lines lost: ${parts.join(', ')}${why}\n`,
    )
  } catch {
    // Standard error is gone; there is nowhere left to say it.
  }
}
