import { BroadcastChannel, parentPort, threadId, workerData } from 'node:worker_threads'
import { type Answer, channelName, type Request } from '../protocol.js'

/** A transport in this thread, as the channel sees it. */
export interface Instance {
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
let channel: BroadcastChannel | undefined

const isRequest = (message: unknown): message is Request =>
  typeof message === 'object' && message !== null && 'kinesis' in message && 'id' in message

const answer = (message: unknown): void => {
  if (!isRequest(message)) return
  const { id } = message
  const tell = (answers: readonly object[]): void =>
    channel?.postMessage({ id, answers } satisfies Answer)
  Promise.all([...instances].map(instance => instance.answer(message))).then(tell, () => tell([]))
}

/** Answers the main thread while the instance lives. Returns how to leave. */
export const join = (instance: Instance): (() => void) => {
  instances.add(instance)
  if (inPinoWorker && channel === undefined) {
    channel = new BroadcastChannel(channelName(threadId))
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of this class know no other
    channel.onmessage = (event: unknown) => {
      answer(typeof event === 'object' && event !== null ? Reflect.get(event, 'data') : undefined)
    }
    channel.unref()
  }
  return () => {
    instances.delete(instance)
  }
}
