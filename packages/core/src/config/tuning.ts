/** Numbers that are this package's own choice, not the service's. Durations in milliseconds. */

/** Shortest flush interval but 0: below it, requests of a few records would be the rule. */
export const MIN_FLUSH_INTERVAL_MS = 50

/** First delay after a failed request; doubles with each failure in a row. */
export const BACKOFF_BASE_MS = 50

/** Longest delay between two tries, however many failed before. */
export const BACKOFF_CAP_MS = 10_000

/** Longest wait that a `Retry-After` of the service is granted: a proxy may ask for days. */
export const RETRY_AFTER_CAP_MS = 60_000

/**
 * Longest delay of a record that failed by itself in a request that succeeded: the service works, so
 * its next try may come soon.
 */
export const RECORD_BACKOFF_CAP_MS = 1000

/** First and longest delay between two probes while a permission or the stream itself is missing. */
export const PAUSE_BASE_MS = 1000
export const PAUSE_CAP_MS = 30_000

/** Failed requests in a row after which `rejectThenDropBatch` gives up the failed batch. */
export const STUCK_AFTER_ERRORS = 5

/** How full the buffer has to be for that, of either bound. */
export const NEARLY_FULL = 0.95

/** Share of the buffer that one shard may hold while it backs off, if other shards are known. */
export const SHARD_SHARE = 0.5

/**
 * Of `bufferBytes`, the memory that the records may take beyond their own bytes (slabs that are not
 * full, columns, retry states, bodies of requests) before it counts.
 */
export const TOLERATED_SHARE = 0.125

/**
 * Failed requests in a row after which the next probe carries half of what the last one did. Not
 * before a stuck batch is given up whole.
 */
export const SHRINK_PROBES_AFTER = 5

/** Failed requests of a record, while others succeeded, after which its request is bisected. */
export const BISECT_AFTER_FAILURES = 3

/** Refusals in a row before bisection is slowed down: enough to find one culprit among 500. */
export const FREE_REFUSALS = 20

/** Requests in flight to begin with: what a near service needs, so that there is always one to work on. */
export const FEW_IN_FLIGHT = 4

/** How much longer than with few in flight answers may take before more in flight are not worth it. */
export const SLOWER_TIMES = 1.5

/** The same, before twice as many are tried. */
export const HARDLY_SLOWER_TIMES = 1.25

/** Share of the records of a request that may be throttled before there are few in flight again. */
export const THROTTLED_SHARE = 0.05

/** Least length of a round of requests: near the service, single answers tell little. */
export const MIN_ROUND_MS = 50

/**
 * After how long it is measured again how long answers take with few in flight. The first measurement
 * is one of code that is not compiled yet. Far from the service each costs most of a second's
 * throughput, so from one to the next it takes four times as long, up to the second number.
 */
export const REMEASURE_AFTER_MS = 3000
export const REMEASURE_AT_MOST_MS = 60_000

/**
 * Share of `bufferBytes` that records in flight beyond the few may have: a request's body takes 1.4
 * times their bytes, beside the records themselves.
 */
export const IN_FLIGHT_SHARE = 0.2

/** Records that expire in one step at most, so that the event loop is not held up. */
export const MAX_EXPIRED_PER_STEP = 5000

/** How much longer a request may take whose time ran out while the process was frozen. */
export const THAW_GRACE_MS = 1000

/** Least time between two warnings of one kind: the first is seen at once, a storm as a count. */
export const WARNING_INTERVAL_MS = 30_000

/** Distinct names (shards, error codes) counted apart; the rest is counted as `other`. */
export const MAX_COUNTED_NAMES = 1000

/** Kinds of warnings that are told apart by their error code; the rest share one. */
export const MAX_WARNING_KINDS = 50

/** Of the heap's limit, what the buffer may hold when `bufferBytes` is left out. */
export const HEAP_SHARE = 0.25

/** Records that `add` admits between two turns of the event loop. */
export const ADDS_PER_TURN = 256

/** How long `flush` and `close` without a deadline wait for promises of `onDrop`. */
export const MAX_CALLBACK_WAIT_MS = 30_000
