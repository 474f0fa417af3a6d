/**
 * Limits of the Kinesis Data Streams service, with their source. Sizes are counted before base64,
 * as the service counts them.
 */

/** Most records in one PutRecords request (API reference, PutRecords). */
export const MAX_KINESIS_BATCH_SIZE = 500

/** Most bytes in one PutRecords request, partition keys included (API reference, PutRecords). */
export const MAX_REQUEST_BYTES: number = 10 * 1024 * 1024

/** What a PutRecords request was limited to before October 2025: the least our option goes down to. */
export const MIN_REQUEST_BYTES: number = 5 * 1024 * 1024

/** Largest record of a stream whose limit nobody raised: data + partition key (UpdateMaxRecordSize). */
export const DEFAULT_MAX_RECORD_BYTES: number = 1024 * 1024

/** Largest record a stream can be set to accept (UpdateMaxRecordSize: 10240 KiB). */
export const MAX_RECORD_BYTES: number = 10 * 1024 * 1024

/**
 * Longest partition key. The API speaks of 256 Unicode characters; we count UTF-16 units, as the KPL
 * and both emulators do, so that no key passes here that another counter would refuse.
 */
export const MAX_PARTITION_KEY_CHARACTERS = 256
