import { pinoKinesis } from './index.js'

export type {
  DroppedReport,
  ErrorReport,
  Oversize,
  PinoKinesisOptions,
  PinoKinesisStream,
  TransportStats,
} from './index.js'
export { pinoKinesis }
export default pinoKinesis
