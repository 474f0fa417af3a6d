import { runWorker } from '@kinesis-producer/core/worker/thread'

runWorker()
