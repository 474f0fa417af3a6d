/**
 * The parts of the SDK's types that are used, by structure: SDK 2.x and 3.x both fit, and neither
 * is loaded at run time.
 */

/** Seconds and nanoseconds. */
export type HrTimeLike = readonly [seconds: number, nanoseconds: number] | [number, number]

export interface ReadableLogRecordLike {
  readonly hrTime: HrTimeLike
  readonly hrTimeObserved: HrTimeLike
  readonly spanContext?:
    | { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
    | undefined
  readonly severityText?: string | undefined
  readonly severityNumber?: number | undefined
  readonly body?: unknown
  readonly eventName?: string | undefined
  readonly resource: { readonly attributes: object }
  readonly instrumentationScope: { readonly name: string; readonly version?: string | undefined }
  readonly attributes: object
  readonly droppedAttributesCount: number
}

/** As the SDK's `ExportResult`: 0 is success, 1 failure. */
export interface ExportResultLike {
  code: 0 | 1
  error?: Error
}
