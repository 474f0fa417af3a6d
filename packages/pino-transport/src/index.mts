import { pinoKinesis } from './index.js'

export { pinoKinesis }
export type { PinoKinesisOptions, PinoKinesisStream } from './index.js'
export default pinoKinesis
