/** What a producer may put into one Kinesis record, so that `decode` reads all of it by default. */

/** Most records of a pack. */
export const MAX_PACK_RECORDS = 1_000_000

/** Longest terminator of `concat`. */
export const MAX_TERMINATOR_BYTES = 64
