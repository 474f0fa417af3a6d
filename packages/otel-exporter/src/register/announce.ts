import { format } from 'node:util'
import type { Logger } from '@kinesis-producer/core'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { Environment, Warn } from '../environment.js'

const LEVELS: ReadonlyMap<string, DiagLogLevel> = new Map([
  ['none', DiagLogLevel.NONE],
  ['error', DiagLogLevel.ERROR],
  ['warn', DiagLogLevel.WARN],
  ['info', DiagLogLevel.INFO],
  ['debug', DiagLogLevel.DEBUG],
  ['verbose', DiagLogLevel.VERBOSE],
  ['all', DiagLogLevel.ALL],
])

/** Not the console: an instrumentation of it would make a log of each line. */
const say = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

/** Where the API keeps what `diag.setLogger` was given: it has no way to ask. */
const API = Symbol.for('opentelemetry.js.api.1')
const hasDiagLogger = (): boolean => {
  const api: unknown = Reflect.get(globalThis, API)
  return typeof api === 'object' && api !== null && Reflect.get(api, 'diag') !== undefined
}

/** To `diag`, and to standard error as long as nobody listens to it. */
const announcing =
  (level: 'info' | 'warn' | 'error'): Warn =>
  message => {
    diag[level](message)
    if (!hasDiagLogger()) say(message)
  }

export const inform: Warn = announcing('info')
export const warn: Warn = announcing('warn')

/** What a component reports; its warnings are rate-limited where they are made. */
export const announcer: Logger = {
  debug: () => {},
  info: () => {},
  warn,
  error: announcing('error'),
}

/** With `OTEL_LOG_LEVEL`, all that OpenTelemetry says goes to standard error from that level on. */
export const honourLogLevel = (env: Environment): void => {
  const value = env['OTEL_LOG_LEVEL']?.trim().toLowerCase()
  if (value === undefined || value === '' || hasDiagLogger()) return
  const logLevel = LEVELS.get(value)
  if (logLevel === undefined) {
    warn(`OTEL_LOG_LEVEL is ignored: it must be one of ${[...LEVELS.keys()].join(', ')}`)
    return
  }
  const print = (...words: readonly unknown[]): void => say(format(...words))
  diag.setLogger(
    { error: print, warn: print, info: print, debug: print, verbose: print },
    { logLevel, suppressOverrideMessage: true },
  )
}
