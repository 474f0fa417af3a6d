export type { DecodeLogsOptions, LogValue, LogValues, PlainLog } from './index.js'
export { decodeLogs } from './index.js'
