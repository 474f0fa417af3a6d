import { writeSync } from 'node:fs'
import { type LossTally, lossSentence } from '@kinesis-producer/core/adapter/rules'

/** What else is known when lines were lost. */
export interface LossContext {
  /** Why the last request failed. */
  readonly cause?: string | undefined
  /** Failed requests in a row up to now. */
  readonly consecutiveErrors?: number
  readonly deadLettered?: number
  readonly deadLetterFile?: string | undefined
}

/** The lines that did not arrive, said in one sentence; undefined if all did. */
export const linesLost = (
  stream: string,
  losses: LossTally,
  { cause, consecutiveErrors = 0, deadLettered = 0, deadLetterFile = '' }: LossContext = {},
): string | undefined => {
  const notes: string[] = []
  if (consecutiveErrors === 1) notes.push('the last request failed')
  if (consecutiveErrors > 1) notes.push(`the last ${consecutiveErrors} requests failed`)
  if (deadLettered > 0)
    notes.push(
      `${deadLettered} of them ${deadLettered === 1 ? 'is' : 'are'} in ${deadLetterFile} (pino-kinesis --replay sends them again)`,
    )
  return lossSentence({
    where: 'pino-transport',
    stream,
    unit: ['log line', 'log lines'],
    losses,
    cause,
    kept: deadLettered,
    notes,
  })
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
