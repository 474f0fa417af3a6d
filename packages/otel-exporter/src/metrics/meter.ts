/** The parts of the metrics API that are used, by structure: API 1.x of any age fits. */

export type Attributes = Record<string, string | number>

export interface CounterLike {
  add(value: number, attributes?: Attributes): void
}

export interface HistogramLike {
  record(value: number, attributes?: Attributes): void
}

export interface ObservableLike {
  addCallback(
    callback: (result: { observe(value: number, attributes?: Attributes): void }) => void,
  ): void
  removeCallback(
    callback: (result: { observe(value: number, attributes?: Attributes): void }) => void,
  ): void
}

interface MetricOptions {
  description?: string
  unit?: string
  advice?: { explicitBucketBoundaries?: number[] }
}

export interface MeterLike {
  createCounter(name: string, options?: MetricOptions): CounterLike
  createUpDownCounter(name: string, options?: MetricOptions): CounterLike
  createHistogram(name: string, options?: MetricOptions): HistogramLike
  createObservableCounter(name: string, options?: MetricOptions): ObservableLike
  createObservableUpDownCounter(name: string, options?: MetricOptions): ObservableLike
  createObservableGauge(name: string, options?: MetricOptions): ObservableLike
}

export interface MeterProviderLike {
  getMeter(name: string, version?: string): MeterLike
}
