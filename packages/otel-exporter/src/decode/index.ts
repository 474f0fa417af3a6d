export type { DecodeLogsOptions } from './decode-logs.js'
export { decodeLogs } from './decode-logs.js'
export type { LogValue, LogValues, PlainLog } from './plain-log.js'
