import type { ResolvedConfig } from '../config/resolve.js'
import type { RecordData } from '../record/record.js'
import type { Framing } from '../store/framing.js'
import type { AggregateBounds, AggregateFormat } from './aggregate-builder.js'
import { PackedRequestBuilder } from './packed-request-builder.js'
import type { Packer, RequestBuilder } from './request-builder.js'

/** Bounds of the requests of a packer that puts many records in one. */
export interface PackedBounds {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly maxRequestBytes: number
}

/**
 * A request of aggregates is due when it could hold `batchSize` full ones, or when half the buffer
 * waits: then the other half takes new records while it is in flight.
 */
export const packedBounds = (
  config: ResolvedConfig,
  { maxBytes, maxRecords }: AggregateBounds,
): PackedBounds => ({
  dueRecords: Math.max(
    1,
    Math.min(config.batchSize * maxRecords, Math.floor(config.bufferSize / 2)),
  ),
  dueBytes: Math.min(
    config.batchSize * maxBytes,
    config.maxRequestBytes,
    Math.floor(config.bufferBytes / 2),
  ),
  maxRequestBytes: config.maxRequestBytes,
})

/** Many user records in one Kinesis record, in whatever format. */
export class PackedPacker implements Packer {
  readonly dueRecords: number
  readonly dueBytes: number
  readonly overhead: number
  readonly framing: Framing
  readonly recordLimit: (limit: number) => number
  readonly checkData: ((data: RecordData) => void) | undefined
  readonly #maxRequestBytes: number
  readonly #format: AggregateFormat

  constructor(
    format: AggregateFormat,
    bounds: PackedBounds,
    framing: Framing,
    overhead = 0,
    recordLimit: (limit: number) => number = limit => limit,
    checkData?: (data: RecordData) => void,
  ) {
    this.#format = format
    this.dueRecords = bounds.dueRecords
    this.dueBytes = bounds.dueBytes
    this.#maxRequestBytes = bounds.maxRequestBytes
    this.overhead = overhead
    this.framing = framing
    this.recordLimit = recordLimit
    this.checkData = checkData
  }

  open(limit: number): RequestBuilder {
    return new PackedRequestBuilder(limit, this.#maxRequestBytes, this.#format)
  }
}
