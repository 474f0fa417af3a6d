import { pinoKinesis } from './index.js'

export type { PinoKinesisOptions, PinoKinesisStream } from './index.js'
export { pinoKinesis }
export default pinoKinesis
