import { configOf } from '../adapter/producer-config.js'
import { checkOptionNames } from '../adapter/rules/shared-options.js'
import { targetOf } from '../adapter/target.js'
import { Producer } from '../base-producer.js'
import { parseStream } from '../client/client-types.js'
import { type ResolvedConfig, resolveConfig } from '../config/resolve.js'
import { ConfigError } from '../errors/errors.js'
import { RECORDS_HOLD_LOGS } from '../stats/event-log.js'
import type { StartWorker } from './handle.js'
import type { Link, WorkerState } from './link.js'
import { createRemotePipeline } from './remote-pipeline.js'
import type { Setup } from './setup.js'
import { threadStarter } from './start-thread.js'
import { resolveWorkerOptions, urlOf, type WorkerProducerOptions } from './worker-options.js'

/** What there is to know of the worker itself. */
export interface WorkerStatus {
  readonly state: WorkerState
  /** How often it died. */
  readonly deaths: number
  /** Why it died last. */
  readonly error: Error | undefined
}

/** Makes a producer whose other half is wherever `start` says. Not for users. @internal */
export let remoteProducer: (
  start: StartWorker,
  stream: string,
  config: ResolvedConfig,
  restarts: number,
) => WorkerProducer

/**
 * A producer with the calls of `BatchProducer`, whose requests are made by a worker: this thread
 * writes each record once, into memory that both share, and does nothing else for it.
 *
 * The memory is this thread's: whatever becomes of the worker, all that was admitted is still here, and
 * goes to the next worker, or is handed back.
 */
export class WorkerProducer extends Producer {
  readonly #link: Link

  static {
    remoteProducer = (start, stream, config, restarts) =>
      new WorkerProducer(start, stream, config, restarts)
  }

  private constructor(
    start: StartWorker,
    stream: string,
    config: ResolvedConfig,
    restarts: number,
  ) {
    const pipeline = createRemotePipeline(start, stream, config, restarts)
    super(pipeline)
    this.#link = pipeline.link
  }

  /** The worker. What it does for records is in `stats()`. */
  get worker(): WorkerStatus {
    const { state, deaths, error } = this.#link
    return { state, deaths, error }
  }
}

const WHERE = 'createWorkerProducer'
/** Shared options that no other thread can be given, and what to do instead. */
const UNSHARED: ReadonlyMap<string, string> = new Map([
  ['client', 'clientModule names a module that makes it there'],
  ['clock', 'it works with the system clock'],
  ['random', 'it draws its own numbers'],
  ['spool', 'records wait in shared memory there; use a BatchProducer for records on disk'],
  ['spool', 'records of a producer in a worker are in memory alone: use a BatchProducer'],
])

/**
 * Makes a producer that works in a worker. As every producer, it does nothing until `start()`.
 * @throws {ConfigError} naming the option, the value and what is allowed
 */
export const createWorkerProducer = (options: WorkerProducerOptions): WorkerProducer => {
  checkOptionNames(WHERE, options, ['clientModule', 'worker'])
  for (const [name, instead] of UNSHARED)
    if ((Reflect.get(options, name) ?? undefined) !== undefined)
      throw new ConfigError(`${WHERE}: ${name} cannot be given to a worker: ${instead}`)
  if (typeof options.credentials === 'function')
    throw new ConfigError(
      `${WHERE}: credentials must be plain data, since a provider cannot be given to a worker: give clientModule, a module that makes the client there`,
    )
  const target = targetOf(WHERE, options)
  parseStream(target.stream)
  const clientModule = clientModuleOf(options, { ...target.role, ...target.client })
  const worker = resolveWorkerOptions(WHERE, options.worker ?? undefined)
  const config = resolveConfig(configOf(options, {}))
  const setup: Setup = { target, clientModule, ...plainSetup(config) }
  return remoteProducer(threadStarter(worker, setup), target.stream, config, worker.restarts)
}

const clientModuleOf = (
  { clientModule }: WorkerProducerOptions,
  others: object,
): string | undefined => {
  if (clientModule === undefined || clientModule === null) return undefined
  const [other] = Object.keys(others)
  if (other !== undefined)
    throw new ConfigError(
      `${WHERE}: ${other} and clientModule cannot be given together; the module makes the client`,
    )
  return urlOf(`${WHERE}: clientModule`, clientModule).href
}

const plainSetup = (config: ResolvedConfig): Pick<Setup, 'config' | 'wants'> => {
  const {
    onDrop: _,
    onRequest,
    logger,
    statReceiver: __,
    clock: ___,
    random: ____,
    ...plain
  } = config
  return {
    config: plain,
    wants: {
      logs: logger !== false,
      countsRecords: !logger || Reflect.get(logger, RECORDS_HOLD_LOGS) !== true,
      requests: onRequest !== undefined,
    },
  }
}
