import { BroadcastChannel, Worker } from 'node:worker_threads'
import type { transport } from 'pino'
import { type Answer, channelName, type Request } from '../protocol.js'

/** What `pino.transport` returns. */
export type PinoTransportStream = ReturnType<typeof transport>

/** The same, with what its types leave out. */
export type WorkerStream = PinoTransportStream & {
  readonly ready: boolean
  readonly destroyed: boolean
  readonly writable: boolean
  readonly writableNeedDrain: boolean
  readonly worker: Worker
}

export const isWorkerStream = (stream: PinoTransportStream): stream is WorkerStream =>
  'worker' in stream &&
  stream.worker instanceof Worker &&
  'ready' in stream &&
  'destroyed' in stream &&
  'writableNeedDrain' in stream

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'id' in value && 'answers' in value

/** Longest delay of a timer in Node.js. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Keeps the process alive and calls back in time; `Infinity` only keeps it alive. */
const startTimer = (ms: number, late: () => void): NodeJS.Timeout =>
  ms > MAX_DELAY_MS ? setInterval(() => {}, MAX_DELAY_MS) : setTimeout(late, Math.max(1, ms))

type Resolve = (answers: readonly object[] | undefined) => void

/** Questions to one worker, and its answers. However many there are, they listen once. */
class Questions {
  readonly #channel: BroadcastChannel
  readonly #pending = new Map<number, Resolve>()
  #whenReady: (() => void)[] | undefined
  #lastId = 0

  constructor(stream: WorkerStream) {
    this.#channel = new BroadcastChannel(channelName(stream.worker.threadId))
    this.#channel.unref()
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of this class know no other
    this.#channel.onmessage = (event: unknown) => {
      const data: unknown = Reflect.get(Object(event), 'data')
      if (isAnswer(data)) this.#pending.get(data.id)?.(data.answers)
    }
    if (!stream.ready) {
      this.#whenReady = []
      stream.once('ready', () => {
        for (const ask of this.#whenReady ?? []) ask()
        this.#whenReady = undefined
      })
    }
    const end = (): void => {
      for (const resolve of this.#pending.values()) resolve(undefined)
    }
    stream.on('error', end)
    stream.once('close', () => {
      end()
      this.#channel.close()
    })
  }

  /** Says it now, and waits for no answer: the process ends, and no event comes any more. */
  tell(kinesis: Request['kinesis'], bytes: number, timeout: number): void {
    this.#channel.postMessage({ kinesis, id: ++this.#lastId, bytes, timeout } satisfies Request)
  }

  /** Undefined if the worker ends or no answer comes within `wait`. The process stays alive meanwhile. */
  ask(
    kinesis: Request['kinesis'],
    bytes: number | undefined,
    timeout: number,
    wait: number,
  ): Promise<readonly object[] | undefined> {
    return new Promise(resolve => {
      const id = ++this.#lastId
      const started = performance.now()
      const done: Resolve = answers => {
        clearTimeout(timer)
        this.#pending.delete(id)
        resolve(answers)
      }
      const timer = startTimer(wait, () => done(undefined))
      this.#pending.set(id, done)
      const question = (): void => {
        if (!this.#pending.has(id)) return
        const left = Math.max(1, timeout - (performance.now() - started))
        this.#channel.postMessage({ kinesis, id, bytes, timeout: left } satisfies Request)
      }
      if (this.#whenReady === undefined) question()
      else this.#whenReady.push(question)
    })
  }
}

const questions = new WeakMap<WorkerStream, Questions>()

const questionsTo = (stream: WorkerStream): Questions => {
  let asked = questions.get(stream)
  if (asked === undefined) questions.set(stream, (asked = new Questions(stream)))
  return asked
}

/**
 * Asks all Kinesis transports in the worker of a pino transport. Undefined if the worker ends or no
 * answer comes within `wait`.
 * @param bytes what was written to the stream so far, which the answer must not overtake
 */
export const ask = async (
  stream: WorkerStream,
  kinesis: Request['kinesis'],
  bytes: number | undefined,
  timeout: number,
  wait: number,
): Promise<readonly object[] | undefined> => {
  if (stream.destroyed) return undefined
  return questionsTo(stream).ask(kinesis, bytes, timeout, wait)
}

/**
 * Has the transports in a worker close, while the process ends. The worker must have read lines: then it
 * listens, whether the main thread has learned of it or not.
 */
export const closeWithoutAnswer = (stream: WorkerStream, bytes: number, timeout: number): void => {
  if (!stream.destroyed) questionsTo(stream).tell('close', bytes, timeout)
}
