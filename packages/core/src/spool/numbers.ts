const WORD = 2 ** 32

/** Writes a whole number below 2^53 as 64 bits: two halves, since a BigInt would be an object each. */
export const write64 = (into: Buffer, at: number, value: number): void => {
  into.writeUInt32LE(value % WORD, at)
  into.writeUInt32LE(Math.floor(value / WORD), at + 4)
}

export const read64 = (from: Buffer, at: number): number =>
  from.readUInt32LE(at) + from.readUInt32LE(at + 4) * WORD
