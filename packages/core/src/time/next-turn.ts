import { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/**
 * Later turns of the event loop that no fake timers stop. Test runners replace `setImmediate`,
 * `setTimeout` and `process.nextTick`; a message between two ports is left alone by all of them.
 *
 * The message goes there and back. One way is not enough: a port hands out up to a thousand
 * messages in one go (MessagePort::OnMessage in Node), so a loop that sends the next message as soon
 * as one arrives would keep the turn, and with it all input and output, waiting. The way back
 * arrives only after the loop has polled again.
 */
let waiting: (() => void)[] = []
let port: MessagePort | undefined

const deliver = (): void => {
  port?.unref()
  const ready = waiting
  waiting = []
  let failure: { error: unknown } | undefined
  for (const callback of ready) {
    try {
      callback()
    } catch (error) {
      failure ??= { error }
    }
  }
  if (failure !== undefined) throw failure.error
}

// Bound to the context the module was loaded in: ports remember the async context they were made in,
// and would keep the first caller's AsyncLocalStorage store for as long as the process lives.
const open = AsyncResource.bind((): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', deliver)
  port2.on('message', () => port2.postMessage(null))
  // Listening refs a port. The second stays without: the first one's ref keeps the loop turning.
  port1.unref()
  port2.unref()
  return port1
})

/**
 * Calls back once, in a later turn of the event loop. The process stays alive until then. Callbacks
 * that wait at the same time share one message; one that throws does not hold up the others.
 */
export const afterThisTurn = (callback: () => void): void => {
  if (waiting.push(callback) > 1) return
  port ??= open()
  port.ref()
  port.postMessage(null)
}

/** Makes a function that has the callback called in the next turn, however often it is called in this one. */
export const oncePerTurn = (callback: () => void): (() => void) => {
  let isWaiting = false
  const call = (): void => {
    isWaiting = false
    callback()
  }
  return () => {
    if (isWaiting) return
    isWaiting = true
    afterThisTurn(call)
  }
}

/** Resolves in a later turn of the event loop, after input and output had their chance. */
export const nextTurn = (): Promise<void> => new Promise(afterThisTurn)
