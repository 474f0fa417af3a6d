export type {
  WorkerOptions,
  WorkerProducer,
  WorkerProducerOptions,
  WorkerState,
  WorkerStatus,
} from './index.js'
export { createWorkerProducer } from './index.js'
