import type { MessagePort } from 'node:worker_threads'
import type { Target } from '../adapter/target.js'
import type { ResolvedConfig } from '../config/resolve.js'
import type { WorkerStart } from './handle.js'

/** Options that are functions stay in the thread that was given them. */
export type PlainConfig = Omit<
  ResolvedConfig,
  'onDrop' | 'onRequest' | 'logger' | 'statReceiver' | 'clock' | 'random'
>

/** What a worker of this package makes its half of the producer of. */
export interface Setup {
  readonly target: Target
  /** URL of a module that gives the client. */
  readonly clientModule: string | undefined
  readonly config: PlainConfig
  readonly wants: {
    readonly logs: boolean
    readonly countsRecords: boolean
    readonly requests: boolean
  }
}

export interface ThreadData extends Setup, WorkerStart {
  readonly port: MessagePort
  /** Of the main thread: times of admission are on its clock. */
  readonly timeOrigin: number
}

/** By this name the data is found among what else a thread may be given. */
export const DATA = '@kinesis-producer/core: worker, 1'
