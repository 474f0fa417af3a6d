import type { Framing } from '../../store/framing.js'

/** Three bytes become four characters of base64. */
const GROUP = 3

/** Bytes that data of this size takes in memory. */
export const paddedSize = (size: number): number => Math.ceil(size / GROUP) * GROUP

/** Zeros behind the data, so that the base64 of many records can be made in one go. */
export const PADDING: Framing = {
  maxBytes: GROUP - 1,
  begin: (_memory, at) => at,
  end: (memory, start, end) => {
    const padded = start + paddedSize(end - start)
    for (let i = end; i < padded; i++) memory[i] = 0
    return padded
  },
}

/** Whether what lies between the data and its padded end are zeros. */
export const isPadded = (memory: Buffer, start: number, size: number): boolean => {
  const padded = start + paddedSize(size)
  for (let i = start + size; i < padded; i++) if (memory[i] !== 0) return false
  return true
}
