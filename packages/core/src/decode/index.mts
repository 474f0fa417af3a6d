export type {
  AnalyticsRecord,
  Bytes,
  DecodedRecord,
  DecodeOptions,
  EncodedEvent,
  EncodedRecord,
  FirehoseRecord,
  FlatRecord,
  LambdaRecord,
  SdkRecord,
} from './index.js'
export { CorruptRecordError, decode, ProtobufReader } from './index.js'
