import type { Attempt } from '../record/attempt.js'
import type { DropReason } from '../record/dropped.js'

/** Every code a producer's own errors can have. `docs/errors.md` tells what to do about each. */
export const ERROR_CODES = [
  'CONFIG',
  'ALREADY_STARTED',
  'ALREADY_STOPPED',
  'NOT_RUNNING',
  'CLOSED',
  'BUFFER_FULL',
  'INVALID_RECORD',
  'RECORD_TOO_LARGE',
  'ABORTED',
  'DELIVERY_FAILED',
  'KEPT_ON_DISK',
  'REQUEST_TIMEOUT',
  'SHORT_RESPONSE',
  'CORRUPT_RECORD',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** Base of all errors this package makes. */
export class ProducerError extends Error {
  /** Stable, for programs; the message is for people. */
  readonly code: ErrorCode
  /** Whether the same call may succeed later without a change of its arguments. */
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, retryable = false, options?: ErrorOptions) {
    super(message, options)
    // For the classes of others: those below name themselves, as bundlers shorten their names.
    this.name = new.target.name
    this.code = code
    this.retryable = retryable
  }
}

/** Thrown by constructors: an option is unknown, of the wrong type, out of bounds or in conflict. */
export class ConfigError extends ProducerError {
  override readonly name: string = 'ConfigError'

  constructor(message: string, options?: ErrorOptions) {
    super('CONFIG', message, false, options)
  }
}

/** Thrown by `start()` on a producer that has not been stopped, or is still stopping. */
export class AlreadyStartedError extends ProducerError {
  override readonly name: string = 'AlreadyStartedError'

  constructor(state: string) {
    super('ALREADY_STARTED', `start(): the producer is already ${state}`)
  }
}

/** Rejects `stop()` on a producer that is not running. */
export class AlreadyStoppedError extends ProducerError {
  override readonly name: string = 'AlreadyStoppedError'

  constructor(state: string) {
    super('ALREADY_STOPPED', `stop(): the producer is not running, it is ${state}`)
  }
}

/** The call needs a running producer: call `start()` first. The record was not admitted. */
export class NotRunningError extends ProducerError {
  override readonly name: string = 'NotRunningError'

  constructor(message: string, code: 'NOT_RUNNING' | 'CLOSED' = 'NOT_RUNNING') {
    super(code, message)
  }
}

/** The producer was closed for good; make a new one. */
export class ClosedError extends NotRunningError {
  override readonly name: string = 'ClosedError'

  constructor(call: string) {
    super(`${call}: the producer is closed, which is final: make a new BatchProducer`, 'CLOSED')
  }
}

/**
 * The buffer has no capacity and `whenFull` says to reject, or the record's shard backs off and holds
 * its half of the buffer. The record was not admitted; try again later.
 */
export class BufferFullError extends ProducerError {
  override readonly name: string = 'BufferFullError'

  constructor(message: string) {
    super('BUFFER_FULL', message, true)
  }
}

/** The record can never be sent: wrong type, key too long, hash key out of range. Not admitted. */
export class InvalidRecordError extends ProducerError {
  override readonly name: string = 'InvalidRecordError'

  constructor(message: string) {
    super('INVALID_RECORD', message)
  }
}

/**
 * Data, partition key and what packing adds are together larger than the stream, a request or the
 * buffer takes. Not admitted.
 */
export class RecordTooLargeError extends ProducerError {
  override readonly name: string = 'RecordTooLargeError'
  readonly bytes: number
  /** What is allowed now: the least of `maxRecordBytes`, `maxRequestBytes` and `bufferBytes`. */
  readonly maxRecordBytes: number

  constructor(bytes: number, maxRecordBytes: number) {
    super(
      'RECORD_TOO_LARGE',
      `record of ${bytes} bytes (data + partition key) is larger than ${maxRecordBytes}, which maxRecordBytes, maxRequestBytes ` +
        'and bufferBytes allow: make it smaller, or raise the limit of the stream and of maxRecordBytes (at most 10 MiB)',
    )
    this.bytes = bytes
    this.maxRecordBytes = maxRecordBytes
  }
}

/** An `AbortSignal` ended the wait; `cause` is the signal's reason. */
export class AbortedError extends ProducerError {
  override readonly name: string = 'AbortedError'

  constructor(call: string, cause: unknown) {
    super('ABORTED', `${call}: aborted by its signal`, true, { cause })
  }
}

/** Rejects `put()`: the record was admitted and settled without being delivered. */
export class DeliveryError extends ProducerError {
  override readonly name: string = 'DeliveryError'
  readonly reason: DropReason
  /** What was tried, oldest first; the first and the newest when there were many. */
  readonly attempts: readonly Attempt[]
  /** The outcome of a try is unknown: the record may be in the stream all the same. */
  readonly possiblyDelivered: boolean

  constructor(
    reason: DropReason,
    message: string,
    attempts: readonly Attempt[],
    possiblyDelivered: boolean,
    cause: unknown,
  ) {
    super('DELIVERY_FAILED', message, reason === 'closed' || reason === 'bufferFull', { cause })
    this.reason = reason
    this.attempts = attempts
    this.possiblyDelivered = possiblyDelivered
  }
}

/**
 * Rejects `put()`: the producer was closed before the record was delivered, and the record is on disk.
 * The next producer on that directory delivers it: do not add it again.
 */
export class KeptOnDiskError extends ProducerError {
  override readonly name: string = 'KeptOnDiskError'

  constructor() {
    super(
      'KEPT_ON_DISK',
      'the producer was closed before the record was delivered; it is kept in the spool, and the next producer ' +
        'on that directory delivers it',
    )
  }
}

/** A PutRecords request got no answer within `requestTimeout`; its records are tried again. */
export class RequestTimeoutError extends ProducerError {
  override readonly name: string = 'RequestTimeoutError'

  constructor(ms: number) {
    super('REQUEST_TIMEOUT', `PutRecords was not answered within requestTimeout ${ms} ms`, true)
  }
}

/** A response did not answer for each record; which ones are stored is unknown. */
export class ShortResponseError extends ProducerError {
  override readonly name: string = 'ShortResponseError'

  constructor(sent: number, answered: number) {
    super(
      'SHORT_RESPONSE',
      `PutRecords answered with ${answered} results for ${sent} records`,
      true,
    )
  }
}

/** `decode` met bytes that claim to be packed or compressed and are not. */
export class CorruptRecordError extends ProducerError {
  override readonly name: string = 'CorruptRecordError'

  constructor(message: string, cause?: unknown) {
    super('CORRUPT_RECORD', `the record cannot be decoded: ${message}`, false, { cause })
  }
}
