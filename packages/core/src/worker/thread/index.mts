export { runWorker } from './index.js'
