import { Worker } from 'node:worker_threads'
import type { transport } from 'pino'
import { ANSWER, type Request } from '../protocol.js'

/** What `pino.transport` returns. */
export type PinoTransportStream = ReturnType<typeof transport>

/** The same, with what its types leave out. */
export type WorkerStream = PinoTransportStream & {
  readonly ready: boolean
  readonly destroyed: boolean
  readonly writableNeedDrain: boolean
  readonly worker: Worker
}

export const isWorkerStream = (stream: PinoTransportStream): stream is WorkerStream =>
  'worker' in stream &&
  stream.worker instanceof Worker &&
  'ready' in stream &&
  'destroyed' in stream &&
  'writableNeedDrain' in stream

interface Answer {
  readonly id: number
  readonly answers: readonly object[]
}

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'id' in value && 'answers' in value

let lastId = 0

/**
 * Asks all Kinesis transports in the worker of a pino transport. Undefined if the worker ends or no
 * answer comes within `wait`. The process stays alive meanwhile.
 */
export const ask = (
  stream: WorkerStream,
  kinesis: 'flush' | 'stats' | 'close',
  timeout: number,
  wait: number,
): Promise<readonly object[] | undefined> =>
  new Promise(resolve => {
    const id = ++lastId
    const done = (answers: readonly object[] | undefined): void => {
      clearTimeout(timer)
      stream.off(ANSWER, onAnswer)
      stream.off('close', onEnd)
      stream.off('error', onEnd)
      resolve(answers)
    }
    const onEnd = (): void => done(undefined)
    const onAnswer = (value: unknown): void => {
      if (isAnswer(value) && value.id === id) done(value.answers)
    }
    const timer = setTimeout(onEnd, wait)
    stream.on(ANSWER, onAnswer)
    stream.on('close', onEnd)
    stream.on('error', onEnd)
    const question = (what: Request['kinesis']): void => {
      stream.emit('message', { kinesis: what, id, timeout } satisfies Request)
    }
    whenReady(stream, () => {
      if (kinesis === 'stats') {
        question(kinesis)
        return
      }
      // Pino's own flush first, so that what is in the buffer between the threads goes ahead of the
      // question. With a single target it flushes the transport too: within the same time.
      question('prepare')
      flushBuffer(stream, () => question(kinesis))
    })
  })

const flushBuffer = (stream: WorkerStream, then: () => void): void => {
  try {
    stream.flush(() => then())
  } catch {
    then()
  }
}

const whenReady = (stream: WorkerStream, then: () => void): void => {
  if (stream.destroyed) return
  if (stream.ready) then()
  else stream.once('ready', then)
}
