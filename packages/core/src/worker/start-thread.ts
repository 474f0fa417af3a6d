import {
  MessageChannel,
  type MessagePort,
  type ResourceLimits,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads'
import type { StartWorker, WorkerHandle } from './handle.js'
import type { ToWorker } from './protocol.js'
import { DATA, type Setup, type ThreadData } from './setup.js'

/** A worker that was told to end has this long. */
const END_MS = 1000

export interface ThreadOptions {
  readonly file: string | URL
  readonly resourceLimits: ResourceLimits | undefined
  readonly execArgv: readonly string[]
}

/** Starts threads, each with its half of the producer. */
export const threadStarter =
  ({ file, resourceLimits, execArgv }: ThreadOptions, setup: Setup): StartWorker =>
  (start, listener) => {
    const { port1, port2 } = new MessageChannel()
    const data: ThreadData = { ...setup, ...start, port: port2, timeOrigin: performance.timeOrigin }
    const worker = new Worker(file, {
      name: 'kinesis-producer',
      workerData: { [DATA]: data },
      transferList: [port2],
      execArgv: [...execArgv],
      env: workerEnv(),
      ...(resourceLimits !== undefined && { resourceLimits }),
    })
    let failure: Error | undefined
    port1.on('message', listener.heard)
    // Listening refs it.
    port1.unref()
    worker.unref()
    worker.on('error', error => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', code => {
      if (failure === undefined && code !== 0) failure = new Error(`exit code ${code}`)
      listener.gone(failure)
      port1.close()
    })
    return handleOf(worker, port1)
  }

/** Options of Node are for the application: `--import` of an instrumentation would begin anew in each thread. */
const workerEnv = (): NodeJS.ProcessEnv => {
  const { NODE_OPTIONS: _, ...others } = process.env
  return others
}

const handleOf = (worker: Worker, port: MessagePort): WorkerHandle => ({
  post: (message: ToWorker) => port.postMessage(message),
  receive: () => receiveMessageOnPort(port),
  keepAlive: held => {
    if (held) worker.ref()
    else worker.unref()
  },
  end: () => {
    port.postMessage({ kind: 'end' } satisfies ToWorker)
    const timer = setTimeout(() => void worker.terminate(), END_MS)
    timer.unref()
    worker.once('exit', () => clearTimeout(timer))
  },
})
