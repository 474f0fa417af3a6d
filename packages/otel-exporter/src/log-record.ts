/**
 * The parts of the SDK's types that are used, by structure: SDK 2.x and 3.x both fit, and neither
 * is loaded at run time.
 */

/** Values of any kind, by name. */
export type AttributesLike = Readonly<Record<string, unknown>>

/** Seconds and nanoseconds. */
export type HrTimeLike = readonly [seconds: number, nanoseconds: number] | [number, number]

export interface ResourceLike {
  readonly attributes: AttributesLike
  readonly schemaUrl?: string | undefined
  /** True until attributes that are found out asynchronously are there. */
  readonly asyncAttributesPending?: boolean | undefined
  waitForAsyncAttributes?(): Promise<unknown>
}

export interface ScopeLike {
  readonly name: string
  readonly version?: string | undefined
  readonly schemaUrl?: string | undefined
  readonly attributes?: object | undefined
  readonly droppedAttributesCount?: number | undefined
}

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
  readonly resource: ResourceLike
  readonly instrumentationScope: ScopeLike
  readonly attributes: AttributesLike
  readonly droppedAttributesCount: number
}

/** As the SDK's `ExportResult`: 0 is success, 1 failure. */
export interface ExportResultLike {
  code: 0 | 1
  error?: Error
}
