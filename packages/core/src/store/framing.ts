/**
 * What a packing wants around the data of a record in memory, so that neighbours there can be sent
 * as they lie. It is written once, when the record is kept.
 */
export interface Framing {
  /** Most bytes it adds to the data of one record. */
  readonly maxBytes: number
  /** Writes what stands before `size` bytes of data; returns where the data begins. */
  begin(memory: Buffer, at: number, size: number): number
  /** Writes what stands behind the data; returns where all of it ends. */
  end(memory: Buffer, start: number, end: number): number
}

/** The data as it is. */
export const NO_FRAMING: Framing = {
  maxBytes: 0,
  begin: (_memory, at) => at,
  end: (_memory, _start, end) => end,
}
