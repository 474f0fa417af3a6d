/**
 * The files that called, the nearest first, as pino finds out from where a relative target is meant.
 * Kept for the day that the worker is started again, when nobody of them calls.
 */
export const callers = (): string[] => {
  const files: string[] = []
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  // The limit is the user's; ten frames may all be of a framework.
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 50
    Error.prepareStackTrace = (_error, stack) => {
      for (const site of stack) {
        const file = site.getFileName()
        if (typeof file === 'string' && !files.includes(file)) files.push(file)
      }
      return ''
    }
    void new Error('callers').stack
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Object.defineProperty(Error, 'prepareStackTrace', before)
  }
  return files
}
