import { createKinesisTransport, flushTransport, KinesisTransport } from './index.js'

export type {
  Delivery,
  DroppedReport,
  ErrorReport,
  Fallback,
  KinesisTransportEvents,
  KinesisTransportHelperOptions,
  Oversize,
  PinoKinesisOptions,
  TransportStats,
} from './index.js'
export { createKinesisTransport, flushTransport, KinesisTransport }
