export { CorruptRecordError } from '../errors/errors.js'
export type { DecodedRecord, DecodeOptions } from './decode.js'
export { decode } from './decode.js'
export type { EncodedRecord, FirehoseRecord, LambdaRecord, SdkRecord } from './shapes.js'
