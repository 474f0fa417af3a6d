import { decodeLogs } from '../decode/index.js'
import type { Encoding } from '../encoding/encoder.js'

/** How many logs a chunk holds. */
export const countLogs = (data: Uint8Array, encoding: Encoding = 'otlp-proto'): number => {
  if (encoding === 'json') return data.reduce((lines, byte) => lines + (byte === 0x0a ? 1 : 0), 0)
  try {
    return [...decodeLogs(data, { encoding })].length
  } catch {
    return 1
  }
}
