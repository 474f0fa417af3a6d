import type { BatchProducer } from '@kinesis-producer/core'
import { type MetricKind, PRODUCER_METRICS } from '@kinesis-producer/core/adapter/rules'
import type { Attributes, MeterLike, ObservableLike } from './meter.js'

const INSTRUMENTS = {
  counter: 'createObservableCounter',
  upDownCounter: 'createObservableUpDownCounter',
  gauge: 'createObservableGauge',
} as const satisfies Record<MetricKind, keyof MeterLike>

/**
 * Shows a producer's stats as metrics of a meter; usable with the core alone. Counters count
 * records of the producer, which may hold many logs.
 * @param attributes put on every value, such as the name of the stream
 * @returns ends it; call that when the producer is closed
 */
export const bindProducerMetrics = (
  producer: Pick<BatchProducer, 'stats'>,
  meter: MeterLike,
  attributes: Attributes = {},
): (() => void) => {
  const unbind = PRODUCER_METRICS.map(({ name, kind, unit, description, by, ...table }) => {
    const metric: ObservableLike = meter[INSTRUMENTS[kind]](name, { unit, description })
    const observe: Parameters<ObservableLike['addCallback']>[0] = result => {
      for (const [value, of] of table.values(producer.stats()))
        result.observe(value, {
          ...attributes,
          ...table.attributes,
          ...(by !== undefined && of !== undefined && { [by]: of }),
        })
    }
    metric.addCallback(observe)
    return () => metric.removeCallback(observe)
  })
  return () => {
    for (const end of unbind) end()
  }
}
