/** Formats of PutRecords requests. */
export const WIRE_FORMATS = ['json', 'cbor'] as const
