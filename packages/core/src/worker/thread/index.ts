import { workerData } from 'node:worker_threads'
import { openClient } from '../../adapter/open-client.js'
import { type KinesisClientLike, parseStream } from '../../client/client-types.js'
import { streamClientOf } from '../../client/stream-client.js'
import type { Logger } from '../../config/options.js'
import type { ResolvedConfig } from '../../config/resolve.js'
import { ConfigError } from '../../errors/errors.js'
import { RECORDS_HOLD_LOGS } from '../../stats/event-log.js'
import type { Clock } from '../../time/clock.js'
import { Host } from '../host.js'
import { isForWorker, type WorkerEvent } from '../protocol.js'
import { DATA, type ThreadData } from '../setup.js'
import { toldError } from '../told-error.js'

/** Milliseconds between two reports of stats, and for which it looks for records by itself. */
const STATS_MS = 100
const LINGER_MS = 2

const isThreadData = (value: unknown): value is ThreadData =>
  typeof value === 'object' && value !== null && 'port' in value && 'control' in value

/**
 * Runs the worker's half of a producer: the only call of a file that is given to `createWorkerProducer`
 * as `worker.file`. Needed in bundles only, where the package's own file is not found.
 * @throws {ConfigError} this thread was not started by a producer
 */
export const runWorker = (): void => {
  const data: unknown = Reflect.get(Object(workerData), DATA)
  if (!isThreadData(data))
    throw new ConfigError(
      'runWorker() runs in a thread that createWorkerProducer() has started: give it that file as worker.file',
    )
  const { port } = data
  const post = (events: readonly WorkerEvent[]): void => port.postMessage(events)
  // Keeps the thread alive until the host has begun to listen.
  port.ref()
  void begin(data, post).catch((error: unknown) => {
    post([{ kind: 'failed', error: toldError(error) }])
    port.close()
  })
}

const begin = async (
  data: ThreadData,
  post: (events: readonly WorkerEvent[]) => void,
): Promise<void> => {
  const { port, control, life, target } = data
  const { client, release } = await clientOf(data)
  const host = new Host({
    client: streamClientOf(client, parseStream(target.stream)),
    streamName: target.stream,
    config: emit => configOf(data, emit),
    control,
    post,
    statsEvery: STATS_MS,
    lingers: LINGER_MS,
    life,
    ended: () => {
      release()
      port.close()
    },
  })
  port.on('message', message => {
    if (isForWorker(message)) host.receive(message)
  })
}

interface Client {
  readonly client: KinesisClientLike
  readonly release: () => void
}

const clientOf = async ({ target, clientModule }: ThreadData): Promise<Client> => {
  if (clientModule === undefined) return openClient(target)
  const found: unknown = await import(/* webpackIgnore: true */ /* @vite-ignore */ clientModule)
  const create = createClientOf(found)
  if (create === undefined)
    throw new ConfigError(
      `clientModule ${clientModule} must export a function createClient (or one as its default) that returns a client`,
    )
  const client: unknown = await create(target.stream)
  // Checked by whoever uses it: `streamClientOf` says what is wrong with it.
  return { client: Object(client), release: () => closeClient(client) }
}

type CreateClient = (stream: string) => unknown

const isFunction = (value: unknown): value is CreateClient => typeof value === 'function'

/** As a module exports it, or as a module of CommonJS does when it is imported. */
const createClientOf = (found: unknown): CreateClient | undefined => {
  const exported: unknown = Reflect.get(Object(found), 'default')
  return [
    Reflect.get(Object(found), 'createClient'),
    exported,
    Reflect.get(Object(exported), 'createClient'),
    Reflect.get(Object(exported), 'default'),
  ].find(isFunction)
}

const closeClient = (client: unknown): void => {
  const destroy: unknown = Reflect.get(Object(client), 'destroy')
  if (typeof destroy === 'function') Reflect.apply(destroy, client, [])
}

/** Callbacks tell the other thread; what nobody wants to hear there is not told. */
const configOf = (
  { config, wants, timeOrigin }: ThreadData,
  emit: (event: WorkerEvent) => void,
): ResolvedConfig => {
  const say = (level: keyof Logger) => (message: string) => emit({ kind: 'log', level, message })
  const logger: Logger = {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
  if (!wants.countsRecords) Object.defineProperty(logger, RECORDS_HOLD_LOGS, { value: true })
  return {
    ...config,
    logger: wants.logs ? logger : false,
    onRequest: wants.requests ? report => emit({ kind: 'request', report }) : undefined,
    onDrop: undefined,
    statReceiver: undefined,
    clock: clockFrom(timeOrigin),
    random: Math.random,
  }
}

/** The other thread's time. */
const clockFrom = (timeOrigin: number): Clock => {
  const ahead = performance.timeOrigin - timeOrigin
  return {
    now: () => performance.now() + ahead,
    setTimeout: (callback, ms) => setTimeout(callback, ms),
  }
}
