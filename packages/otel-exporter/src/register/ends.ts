import { setTimeout as delay } from 'node:timers/promises'
import { MAX_TIMEOUT_MS, onExitSignal } from '@kinesis-producer/core/adapter'
import type { Component } from './components.js'
import { deliverNow } from './deliver-now.js'
import type { Provider } from './sdk.js'

/** What is logged while the process ends is waited for as well, but not long. */
const FLUSH_MS = 1000
/** Beyond `shutdownTimeout`. */
const MARGIN_MS = 1000

/**
 * Delivers what there is, whichever way the process ends. The SDK does so by itself neither when
 * the program has nothing left to do nor when it is told to stop.
 */
export const deliverAtEveryEnd = (provider: Provider, component: Component): void => {
  const { shutdownTimeout, direct } = component
  process.once('beforeExit', () => void provider.shutdown())
  onExitSignal({
    // First a flush, during which the application may still log.
    close: async () => {
      await Promise.race([provider.forceFlush(), delay(FLUSH_MS, undefined, { ref: false })])
      await provider.shutdown()
    },
    flush: () => provider.forceFlush(),
    timeoutMs: Math.min(shutdownTimeout + FLUSH_MS + MARGIN_MS, MAX_TIMEOUT_MS),
  })
  // After `process.exit` or an uncaught exception nothing asynchronous happens in this thread.
  if (direct !== undefined) process.once('exit', () => deliverNow(direct, component))
}
