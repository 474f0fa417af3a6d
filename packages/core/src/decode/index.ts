export { CorruptRecordError } from '../errors/errors.js'
export type { DecodedRecord } from './decode.js'
export { decode } from './decode.js'
export type { DecodeOptions } from './decode-options.js'
export { ProtobufReader } from './protobuf-reader.js'
export type {
  AnalyticsRecord,
  Bytes,
  EncodedEvent,
  EncodedRecord,
  FirehoseRecord,
  FlatRecord,
  LambdaRecord,
  SdkRecord,
} from './shapes.js'
