import { writeSync } from 'node:fs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * At the first signal, `first` is called: the writer of a pipe may have got the same signal (Ctrl-C goes to
 * both) and still says something. At the second one the program ends at once, with what `second` says.
 */
export const onSignals = (first: () => void, second: () => string): void => {
  let signals = 0
  const handle = (): void => {
    signals++
    if (signals === 1) first()
    else {
      sayNow(second())
      process.exit(1)
    }
  }
  for (const signal of SIGNALS) process.on(signal, handle)
}

/** Before an exit that does not wait. */
const sayNow = (text: string): void => {
  try {
    writeSync(2, `pino-kinesis: ${text}\n`)
  } catch {
    // Nobody reads it.
  }
}
