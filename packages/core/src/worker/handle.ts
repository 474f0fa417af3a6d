import type { ToWorker } from './protocol.js'

/** What a worker is started with. */
export interface WorkerStart {
  readonly control: Int32Array
  readonly life: number
}

export interface WorkerListener {
  /** A message came. */
  readonly heard: (message: unknown) => void
  /** It is gone; nothing more comes from it. `error`: why, unless it ended by itself. */
  readonly gone: (error: Error | undefined) => void
}

/** A running worker, as the main thread sees it. */
export interface WorkerHandle {
  post(message: ToWorker): void
  /** The next message that has come and was not heard; undefined: none. */
  receive(): { readonly message: unknown } | undefined
  /** Whether it keeps the process alive. */
  keepAlive(held: boolean): void
  /** It was told to end, and is ended if it does not. */
  end(): void
}

/** Starts a worker; throws if there is no thread to be had. */
export type StartWorker = (start: WorkerStart, listener: WorkerListener) => WorkerHandle
