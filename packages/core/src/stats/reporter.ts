import type { UserCallbacks } from '../callbacks/user-callbacks.js'
import type { Steps } from '../steps/steps.js'
import type { Alarm, Timers } from '../time/timers.js'
import type { Counters } from './counters.js'
import type { ProducerStats } from './stats.js'

/** What is told as a difference. */
type ReportedCounters = Pick<Counters, 'requestErrors' | 'delivered' | 'dropped'>

/** Hands stats to the receiver about every `statInterval` while the producer runs. */
export class Reporter {
  readonly #callbacks: UserCallbacks
  readonly #interval: number
  readonly #counters: ReportedCounters
  readonly #snapshot: () => ProducerStats
  readonly #alarm: Alarm
  #errors = 0
  #sent = 0
  #dropped = 0

  constructor(
    callbacks: UserCallbacks,
    interval: number,
    counters: ReportedCounters,
    snapshot: () => ProducerStats,
    timers: Timers,
    steps: Steps,
  ) {
    this.#callbacks = callbacks
    this.#interval = interval
    this.#counters = counters
    this.#snapshot = snapshot
    this.#alarm = timers.alarm(() =>
      steps.run(() => {
        this.report()
        this.start()
      }),
    )
  }

  start(): void {
    if (this.#callbacks.wantsStats) this.#alarm.set(this.#interval)
  }

  stop(): void {
    this.#alarm.cancel()
  }

  report(): void {
    if (!this.#callbacks.wantsStats) return
    const { requestErrors, delivered, dropped } = this.#counters
    const stats = this.#snapshot()
    this.#callbacks.stats({
      ...stats,
      bufferSize: stats.remaining,
      kinesisErrorsSinceLastStat: requestErrors - this.#errors,
      recordsSentSuccessfullySinceLastStat: delivered - this.#sent,
      recordsDroppedSinceLastStat: dropped - this.#dropped,
    })
    this.#errors = requestErrors
    this.#sent = delivered
    this.#dropped = dropped
  }
}
