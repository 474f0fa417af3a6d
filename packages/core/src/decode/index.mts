export type {
  DecodedRecord,
  DecodeOptions,
  EncodedRecord,
  FirehoseRecord,
  LambdaRecord,
  SdkRecord,
} from './index.js'
export { CorruptRecordError, decode } from './index.js'
