import type { BatchingKinesisClient } from '@kinesis-producer/core'
import { streamClientOf } from '@kinesis-producer/core/internal/client/stream-client'
import type { ResolvedConfig } from '@kinesis-producer/core/internal/config/resolve'
import type { StartWorker } from '@kinesis-producer/core/internal/worker/handle'
import { Host } from '@kinesis-producer/core/internal/worker/host'
import {
  isForWorker,
  type ToWorker,
  type WorkerEvent,
} from '@kinesis-producer/core/internal/worker/protocol'

const soon = async (act: () => void): Promise<void> => {
  await Promise.resolve()
  act()
}

/** What has not arrived yet, in order; each message in a microtask of its own. */
class Mail {
  readonly #arrive: (message: unknown) => void
  #waiting: unknown[] = []

  constructor(arrive: (message: unknown) => void) {
    this.#arrive = arrive
  }

  send(message: unknown): void {
    this.#waiting.push(structuredClone(message))
    void soon(() => {
      const next = this.receive()
      if (next !== undefined) this.#arrive(next.message)
    })
  }

  receive(): { readonly message: unknown } | undefined {
    return this.#waiting.length === 0 ? undefined : { message: this.#waiting.shift() }
  }
}

/** A worker that is no thread. */
export class InThreadWorkers {
  readonly #client: BatchingKinesisClient
  #kill: ((error: Error) => void) | undefined
  /** Workers started so far. */
  lives = 0
  /** Whether the next ones cannot start. */
  isBroken = false

  constructor(client: BatchingKinesisClient) {
    this.#client = client
  }

  /** The worker ends in the middle of whatever it does. */
  kill(): void {
    const kill = this.#kill
    this.#kill = undefined
    kill?.(new Error('killed'))
  }

  starter(config: ResolvedConfig): StartWorker {
    return ({ control, life }, listener) => {
      this.lives++
      let isDead = false
      let host: Host | undefined
      const toMain = new Mail(message => {
        if (!isDead) listener.heard(message)
      })
      const toHost = new Mail(message => {
        if (isForWorker(message) && !isDead) host?.receive(message)
      })
      const isBroken = this.isBroken
      void soon(() => {
        if (isBroken) return toMain.send([FAILED])
        host = new Host({
          client: streamClientOf(this.#client, { StreamName: 's' }),
          streamName: 's',
          config: emit => ({ ...config, ...reporting(config, emit) }),
          control,
          post: events => toMain.send(events),
          statsEvery: 0,
          lingers: 0,
          life,
          ended: () => {},
        })
      })
      this.#kill = error => {
        // All that it had said has been said; and nothing comes any more.
        host?.receive({ kind: 'end' })
        listener.gone(error)
        isDead = true
      }
      if (isBroken) void soon(() => this.kill())
      return {
        post: (message: ToWorker) => toHost.send(message),
        receive: () => toMain.receive(),
        keepAlive: () => {},
        end: () => {
          toHost.send({ kind: 'end' } satisfies ToWorker)
          void soon(() => {
            isDead = true
          })
        },
      }
    }
  }
}

const FAILED: WorkerEvent = {
  kind: 'failed',
  error: { name: 'Error', message: 'it cannot start' },
}

const reporting = (
  { logger, onRequest }: ResolvedConfig,
  emit: (event: WorkerEvent) => void,
): Pick<ResolvedConfig, 'logger' | 'onRequest' | 'onDrop' | 'statReceiver'> => {
  const say = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) =>
    emit({ kind: 'log', level, message })
  return {
    logger:
      logger === false
        ? false
        : { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    onRequest: onRequest === undefined ? undefined : report => emit({ kind: 'request', report }),
    onDrop: undefined,
    statReceiver: undefined,
  }
}
