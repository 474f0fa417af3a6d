import { WarningLimiter } from '@kinesis-producer/core/adapter'
import type { Warn } from '../environment.js'
import type { Attributes, MeterLike, MeterProviderLike } from '../metrics/meter.js'

/**
 * A meter provider for the SDK's batch processor: it drops in silence what its queue does not hold,
 * and only its metrics tell.
 */
export class BatchDrops implements MeterProviderLike {
  readonly #warn: Warn
  readonly #limiter = new WarningLimiter(() => performance.now())
  #fresh = 0
  #count = 0
  #timer: NodeJS.Timeout | undefined

  constructor(warn: Warn) {
    this.#warn = warn
  }

  getMeter(): MeterLike {
    const nothing = { add: () => {}, record: () => {} }
    const observable = { addCallback: () => {}, removeCallback: () => {} }
    return {
      createCounter: () => ({ add: (count, attributes) => this.#processed(count, attributes) }),
      createUpDownCounter: () => nothing,
      createHistogram: () => nothing,
      createObservableCounter: () => observable,
      createObservableUpDownCounter: () => observable,
      createObservableGauge: () => observable,
    }
  }

  /** What was dropped in all. */
  end(): void {
    clearTimeout(this.#timer)
    if (this.#count > 0) this.#warn(this.#sentence(this.#count, ' in all'))
  }

  #processed(count: number, attributes: Attributes | undefined): void {
    if (attributes?.['error.type'] !== 'queue_full') return
    this.#count += count
    this.#fresh += count
    // A burst is told when it is over, or has lasted this long.
    this.#timer ??= setTimeout(() => this.#tell(), 100).unref()
  }

  #tell(): void {
    this.#timer = undefined
    const fresh = this.#fresh
    this.#fresh = 0
    const more = this.#limiter.allows('queue', fresh)
    if (more !== undefined) this.#warn(this.#sentence(fresh + more))
  }

  #sentence(logs: number, when = ''): string {
    return `the batch processor dropped ${logs} logs${when}: its queue was full; raise OTEL_BLRP_MAX_QUEUE_SIZE, or leave OTEL_EXPORTER_KINESIS_PROCESSOR out`
  }
}
