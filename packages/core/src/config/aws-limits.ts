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

/** Shortest flush interval but 0: below it, requests of a few records would be the rule. */
export const MIN_FLUSH_INTERVAL_MS = 50

/** First delay after a failed request; doubles with each failure in a row. */
export const BACKOFF_BASE_MS = 50

/** Longest delay between two tries, however many failed before. */
export const BACKOFF_CAP_MS = 10_000

/** First and longest delay between two probes while a permission or the stream itself is missing. */
export const PAUSE_BASE_MS = 1000
export const PAUSE_CAP_MS = 30_000

/** Node's timers hold a signed 32-bit number of milliseconds; a longer one fires at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1
