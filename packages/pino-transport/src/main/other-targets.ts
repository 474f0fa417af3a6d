import { sayOnStderr } from '../report.js'
import type { WorkerStream } from './messages.js'

const MINUTE_MS = 60_000
const END_MS = 2000
const MAX_BACKLOG = 64 * 1024 * 1024

/** How it is started again after it died. */
interface Care {
  readonly start: () => WorkerStream | undefined
  /** How often within a minute. */
  readonly restarts: number
  /** An event of a target. */
  readonly emit: (name: string, args: readonly unknown[]) => void
  /** What is to be told to each new worker. */
  readonly greet: (worker: WorkerStream) => void
}

/** The targets beside Kinesis, in a worker of their own. */
export class OtherTargets {
  readonly #care: Care
  readonly #deaths: number[] = []
  #worker: WorkerStream | undefined
  #backlog = 0

  constructor(care: Care) {
    this.#care = care
    this.#worker = this.#begin()
  }

  write(line: string): void {
    const worker = this.#worker
    if (worker === undefined || !worker.writable) return
    if (!worker.writableNeedDrain) this.#backlog = 0
    else if (this.#backlog > MAX_BACKLOG) return
    this.#backlog += line.length
    try {
      worker.write(line)
    } catch {
      // It is dying; its end is handled by its events.
    }
  }

  post(message: unknown): void {
    this.#worker?.emit('message', message)
  }

  flushSync(): void {
    try {
      this.#worker?.flushSync()
    } catch {
      // As above.
    }
  }

  end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    return worker === undefined || worker.destroyed ? Promise.resolve() : ended(worker)
  }

  #begin(): WorkerStream | undefined {
    const worker = this.#care.start()
    if (worker === undefined) return undefined
    let over = false
    let ready = false
    const onEnd = (error: Error): void => {
      if (over) return
      over = true
      if (worker === this.#worker) this.#ended(error, ready)
    }
    worker.on('error', onEnd)
    worker.worker.on('error', onEnd)
    worker.once('ready', () => {
      ready = true
    })
    passOnEvents(worker, this.#care.emit)
    this.#care.greet(worker)
    return worker
  }

  #ended(error: Error, ready: boolean): void {
    this.#worker = undefined
    const now = Date.now()
    this.#deaths.push(now)
    while ((this.#deaths[0] ?? now) < now - MINUTE_MS) this.#deaths.shift()
    if (ready && this.#deaths.length <= this.#care.restarts) {
      try {
        this.#worker = this.#begin()
      } catch {
        // No thread to be had: they stay without.
      }
    }
    const next = this.#worker === undefined ? 'they get no more lines' : 'they are started again'
    sayOnStderr(
      `pino-transport for Kinesis: the worker of the other targets died (${error.message}); ${next}`,
    )
  }
}

/** Events that a transport in the worker emits on its stream: they are for those who listen to the helper. */
export const passOnEvents = (
  { worker }: WorkerStream,
  emit: (name: string, args: readonly unknown[]) => void,
): void => {
  worker.on('message', (message: unknown) => {
    if (Reflect.get(Object(message), 'code') !== 'EVENT') return
    const name: unknown = Reflect.get(Object(message), 'name')
    const args: unknown = Reflect.get(Object(message), 'args')
    if (typeof name === 'string') emit(name, Array.isArray(args) ? args : [args])
  })
}

/** Ends a worker that has nothing left to do, and waits for it, which by itself keeps no process alive. */
export const ended = (worker: WorkerStream): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, END_MS)
    worker.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    worker.end()
  })
