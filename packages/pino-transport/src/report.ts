import { writeSync } from 'node:fs'
import type { ProducerStats } from '@kinesis-producer/core'
import type { UndeliveredTotals } from './undelivered/undelivered.js'

/** The lines that did not arrive, said in one sentence; undefined if all did. */
export const lossSentence = (
  stream: string,
  { count, reasons, deadLettered }: UndeliveredTotals,
  { consecutiveErrors }: Pick<ProducerStats, 'consecutiveErrors'> = { consecutiveErrors: 0 },
  refused = 0,
  file?: string,
): string | undefined => {
  const all = count + refused
  if (all === 0) return undefined
  const parts = Object.entries(reasons).map(([reason, one]) => `${one} ${fateOf(reason)}`)
  if (refused > 0) parts.push(`${refused} refused`)
  const why = consecutiveErrors > 0 ? `; the last ${consecutiveErrors} requests failed` : ''
  const kept =
    deadLettered === 0
      ? ''
      : `; ${deadLettered} of them are in ${file} (pino-kinesis --replay sends them again)`
  const fate = deadLettered >= all ? 'not delivered' : 'lost'
  return `pino-transport for Kinesis stream ${stream}: ${all} log ${all === 1 ? 'line' : 'lines'} ${fate}: ${parts.join(', ')}${why}${kept}`
}

const fateOf = (reason: string): string => {
  if (reason === 'closed') return 'not delivered in time'
  return reason === 'noWorker' ? 'without a worker' : `dropped (${reason})`
}

/**
 * To standard error, synchronously: at exit the main thread waits for this one, so that nothing else
 * written from a worker would ever appear.
 */
export const sayOnStderr = (sentence: string): void => {
  try {
    writeSync(2, `${sentence}\n`)
  } catch {
    // Standard error is gone; there is nowhere left to say it.
  }
}
