/** A producer that works in a worker thread. Loads no AWS SDK: that is done over there. */

export type { WorkerState } from './link.js'
export type { WorkerOptions, WorkerProducerOptions } from './worker-options.js'
export { createWorkerProducer, type WorkerProducer, type WorkerStatus } from './worker-producer.js'
