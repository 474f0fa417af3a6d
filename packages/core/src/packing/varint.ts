/** Protobuf's variable-length whole numbers, as far as lengths and indices need them. */

export const varintSize = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5

/** Writes the number and returns where it ends. */
export const writeVarint = (bytes: Uint8Array, value: number, at: number): number => {
  let [rest, end] = [value, at]
  while (rest >= 0x80) {
    bytes[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[end++] = rest
  return end
}
