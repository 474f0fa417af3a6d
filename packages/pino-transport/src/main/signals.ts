/**
 * Runs `work` when one of the signals comes, then lets the signal do what it would have done. If the
 * application handles the signal itself, the end is left to it. Returns how to stop listening.
 */
export const onSignals = (
  signals: readonly NodeJS.Signals[],
  work: () => Promise<unknown>,
): (() => void) => {
  const stop = (): void => {
    for (const signal of signals) process.off(signal, handle)
  }
  const handle = (signal: NodeJS.Signals): void => {
    const alone = process.listenerCount(signal) === 1
    const finish = (): void => {
      stop()
      if (alone) process.kill(process.pid, signal)
    }
    work().then(finish, finish)
  }
  for (const signal of signals) process.on(signal, handle)
  return stop
}
