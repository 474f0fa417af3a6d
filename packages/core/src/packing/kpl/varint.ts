import type { ByteSink } from '../outgoing.js'

/** Protobuf's variable-length whole numbers, as far as lengths and indices need them. */

export const varintSize = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5

export const writeVarint = (sink: ByteSink, value: number): void => {
  let rest = value
  while (rest >= 0x80) {
    sink.byte((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  sink.byte(rest)
}
