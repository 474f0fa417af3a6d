const actions = new Set<() => void>()

const runAll = (): void => {
  for (const action of actions) action()
}

/**
 * Runs an action when the process ends by itself or by `process.exit`; returns what forgets it. All
 * share one listener: many producers are no leak.
 */
export const atExit = (action: () => void): (() => void) => {
  if (actions.size === 0) process.on('exit', runAll)
  actions.add(action)
  return () => {
    actions.delete(action)
    if (actions.size === 0) process.off('exit', runAll)
  }
}
