import { REQUEST_DURATION } from '@kinesis-producer/core/adapter/rules'
import type { Attributes, CounterLike, HistogramLike, MeterProviderLike } from './meter.js'

export const SCOPE_NAME = '@kinesis-producer/otel-exporter'

const SECONDS = [...REQUEST_DURATION.boundaries]

const counts = new Map<string, number>()
/** `<type>/<n>`, n counting the components of the type in this process. */
const componentName = (type: string): string => {
  const count = counts.get(type) ?? 0
  counts.set(type, count + 1)
  return `${type}/${count}`
}

/** `otel.sdk.exporter.*` of the semantic conventions; without a meter provider it does nothing. */
export class ExporterMetrics {
  readonly attributes: Attributes
  readonly #stream: string
  readonly #inflight: CounterLike | undefined
  readonly #exported: CounterLike | undefined
  readonly #keysRepaired: CounterLike | undefined
  readonly #truncated: CounterLike | undefined
  readonly #duration: HistogramLike | undefined
  readonly #requests: HistogramLike | undefined

  constructor(type: string, stream: string, provider: MeterProviderLike | undefined) {
    this.#stream = stream
    this.attributes = {
      'otel.component.type': type,
      'otel.component.name': componentName(type),
      'aws.kinesis.stream_name': stream,
    }
    const meter = provider?.getMeter(SCOPE_NAME)
    this.#inflight = meter?.createUpDownCounter('otel.sdk.exporter.log.inflight', {
      unit: '{log_record}',
      description: 'Logs passed to the exporter whose outcome is not known yet',
    })
    this.#exported = meter?.createCounter('otel.sdk.exporter.log.exported', {
      unit: '{log_record}',
      description: 'Logs whose export has ended, well or not (error.type)',
    })
    this.#keysRepaired = meter?.createCounter('kinesis.exporter.log.keys_repaired', {
      unit: '{log_record}',
      description: 'Logs sent with a repaired partition key: it was no well-formed text',
    })
    this.#truncated = meter?.createCounter('kinesis.exporter.truncated', {
      unit: '{item}',
      description: 'Logs, resources and scopes shortened to fit into a record (kinesis.item)',
    })
    this.#duration = meter?.createHistogram('otel.sdk.exporter.operation.duration', {
      unit: 's',
      description: 'Duration of exporting a batch of logs',
      advice: { explicitBucketBoundaries: SECONDS },
    })
    this.#requests = meter?.createHistogram(REQUEST_DURATION.name, {
      unit: REQUEST_DURATION.unit,
      description: REQUEST_DURATION.description,
      advice: { explicitBucketBoundaries: SECONDS },
    })
  }

  /** One PutRecords request. */
  requested(seconds: number, errorType?: string): void {
    this.#requests?.record(seconds, {
      ...REQUEST_DURATION.attributes,
      'messaging.destination.name': this.#stream,
      ...(errorType !== undefined && { 'error.type': errorType }),
    })
  }

  keyRepaired(): void {
    this.#keysRepaired?.add(1, this.attributes)
  }

  begun(logs: number): void {
    this.#inflight?.add(logs, this.attributes)
  }

  /** @param errorType absent: delivered */
  ended(logs: number, errorType?: string): void {
    this.#inflight?.add(-logs, this.attributes)
    this.#exported?.add(
      logs,
      errorType === undefined ? this.attributes : { ...this.attributes, 'error.type': errorType },
    )
  }

  /** Something was shortened: it did not fit into a record. */
  truncated(item: 'log' | 'resource' | 'scope'): void {
    this.#truncated?.add(1, { ...this.attributes, 'kinesis.item': item })
  }

  exported(seconds: number, errorType?: string): void {
    this.#duration?.record(
      seconds,
      errorType === undefined ? this.attributes : { ...this.attributes, 'error.type': errorType },
    )
  }
}
