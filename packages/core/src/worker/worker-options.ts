import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ResourceLimits } from 'node:worker_threads'
import type { SharedOptions } from '../adapter/rules/shared-options.js'
import { checkInteger, checkKeys, show } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'

/** How the worker is run. */
export interface WorkerOptions {
  /**
   * Absolute path or URL of the file that the worker runs. Needed where the package is bundled: a file
   * of your own that does nothing but call `runWorker()` of `@kinesis-producer/core/worker/thread`.
   * @default the package's own
   */
  readonly file?: string | URL | undefined
  /**
   * How often within a minute the worker may die and be started again at once. If it dies more often,
   * records are kept, as in an outage, and it is started again a minute later.
   * @default 3
   */
  readonly restarts?: number | undefined
  /** Bounds of the worker's heap, as of `Worker` of `node:worker_threads`. Records are not in it. */
  readonly resourceLimits?: ResourceLimits | undefined
  /**
   * Options of Node for the worker, such as a loader for the language of `clientModule`.
   * @default none: those of the process, and NODE_OPTIONS, are for the application
   */
  readonly execArgv?: readonly string[] | undefined
}

/**
 * Options of `createWorkerProducer`: those of a producer, and where its records go. What cannot be
 * given to another thread is not among them (`clock`, `random`, `spool`, a `client` that was made already);
 * callbacks run in the thread that gives them.
 */
export interface WorkerProducerOptions
  extends Omit<SharedOptions, 'client' | 'clock' | 'random' | 'spool'> {
  /**
   * Absolute path or `file:` URL of a module that gives the client, in the worker: it exports a
   * function `createClient` (or one as its default), which gets the stream and returns a client, or a
   * promise of one. For what is more than plain data, such as a credentials provider.
   * @default a client made of the other options
   */
  readonly clientModule?: string | URL | undefined
  readonly worker?: WorkerOptions | undefined
}

const WORKER_OPTIONS = ['file', 'restarts', 'resourceLimits', 'execArgv'] as const
const DEFAULT_RESTARTS = 3
const MAX_RESTARTS = 1000

export interface ResolvedWorkerOptions {
  readonly file: string | URL
  readonly restarts: number
  readonly resourceLimits: ResourceLimits | undefined
  readonly execArgv: readonly string[]
}

/** @throws {ConfigError} */
export const resolveWorkerOptions = (
  where: string,
  options: WorkerOptions = {},
): ResolvedWorkerOptions => {
  checkKeys(`${where}: worker`, options, WORKER_OPTIONS)
  const { resourceLimits, execArgv } = options
  if (resourceLimits !== undefined && resourceLimits !== null) {
    checkKeys(`${where}: worker.resourceLimits`, resourceLimits, [
      'maxYoungGenerationSizeMb',
      'maxOldGenerationSizeMb',
      'codeRangeSizeMb',
      'stackSizeMb',
    ])
  }
  const isList = Array.isArray(execArgv) && execArgv.every(one => typeof one === 'string')
  if (execArgv !== undefined && execArgv !== null && !isList)
    throw new ConfigError(
      `${where}: worker.execArgv must be an array of strings, not ${show(execArgv)}`,
    )
  return {
    file: fileOf(where, options.file ?? undefined),
    restarts: checkInteger(
      `${where}: worker.restarts`,
      options.restarts ?? DEFAULT_RESTARTS,
      0,
      MAX_RESTARTS,
    ),
    resourceLimits: resourceLimits ?? undefined,
    execArgv: execArgv ?? [],
  }
}

const fileOf = (where: string, given: string | URL | undefined): string | URL => {
  if (given !== undefined) return urlOf(`${where}: worker.file`, given)
  // Not in ES modules, which the package is for bundlers only.
  const own = typeof __dirname === 'string' ? join(__dirname, 'thread', 'main.js') : undefined
  if (own !== undefined && existsSync(own)) return own
  throw new ConfigError(
    `${where}: in a bundle, worker.file must name the file of the worker: a second entry of the bundle that calls ` +
      'runWorker() of @kinesis-producer/core/worker/thread',
  )
}

/** An absolute path or a `file:` URL, as a URL. */
export const urlOf = (name: string, given: unknown): URL => {
  if (given instanceof URL && given.protocol === 'file:') return given
  if (typeof given === 'string') {
    if (isAbsolute(given)) return pathToFileURL(given)
    if (given.startsWith('file:') && URL.canParse(given)) return new URL(given)
  }
  throw new ConfigError(
    `${name} must be an absolute path or a file: URL (new URL('./file.js', import.meta.url), or require.resolve('./file.js')), not ${show(given)}`,
  )
}
