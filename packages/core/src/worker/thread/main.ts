import { runWorker } from './index.js'

// The file that a producer's worker runs, unless the user names one.
runWorker()
