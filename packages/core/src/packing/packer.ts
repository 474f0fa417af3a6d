import type { Entry } from '../buffer/entry.js'
import type { WireRecord } from '../sending/client.js'

/** A batch as it goes on the wire. */
export interface Packed {
  readonly records: WireRecord[]
  /** Index of the Kinesis record that carries each entry; undefined: entry i is record i. */
  readonly carriers: Uint16Array | undefined
}

/** Turns the user records of a batch into Kinesis records. */
export interface Packer {
  pack(entries: readonly Entry[]): Packed
}
