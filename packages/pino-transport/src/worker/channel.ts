import { parentPort, workerData } from 'node:worker_threads'
import { ANSWER, type Request } from '../protocol.js'

/** A transport in this thread, as the channel sees it. */
export interface Instance {
  /** The time of the request with this id runs from now on. */
  prepare(request: Request): void
  answer(request: Request): Promise<object>
}

/**
 * Whether this is a worker that pino made. An application may have workers of its own, whose
 * messages are none of our business.
 */
const port =
  typeof workerData === 'object' &&
  workerData !== null &&
  Reflect.get(workerData, 'stateBuf') instanceof SharedArrayBuffer
    ? parentPort
    : null

export const inPinoWorker: boolean = port !== null

/** Emits an event on the transport in the main thread. */
export const emitOnMain = (name: string, payload: object): void =>
  port?.postMessage({ code: 'EVENT', name, args: [payload] })

/** A process warning in the main thread. Text, since an error's own name would not survive the way. */
export const warnOnMain = (message: string): void => {
  if (port === null) process.emitWarning(message, 'KinesisProducerWarning')
  else port.postMessage({ code: 'WARNING', err: message })
}

// Several targets share a worker, and no message of pino's says which is meant: all answer together.
const instances = new Set<Instance>()

const isRequest = (message: unknown): message is Request =>
  typeof message === 'object' && message !== null && 'kinesis' in message && 'id' in message

const onMessage = (message: unknown): void => {
  if (!isRequest(message)) return
  const { id } = message
  if (message.kinesis === 'prepare') {
    for (const instance of instances) instance.prepare(message)
    return
  }
  Promise.all([...instances].map(instance => instance.answer(message))).then(
    answers => emitOnMain(ANSWER, { id, answers }),
    () => emitOnMain(ANSWER, { id, answers: [] }),
  )
}

/** Listens to the main thread while the instance lives. Returns how to leave. */
export const join = (instance: Instance): (() => void) => {
  if (instances.size === 0) port?.on('message', onMessage)
  instances.add(instance)
  return () => {
    instances.delete(instance)
    // A listener would keep the worker alive.
    if (instances.size === 0) port?.off('message', onMessage)
  }
}
