import type { Alarm, Timers } from '../time/timers.js'
import type { Counters } from './counters.js'
import type { EventLog } from './event-log.js'
import type { ProducerStats, StatReceiver } from './stats.js'

/** Hands stats to the receiver about every `statInterval` while the producer runs. */
export class Reporter {
  readonly #receiver: StatReceiver | undefined
  readonly #interval: number
  readonly #counters: Counters
  readonly #snapshot: () => ProducerStats
  readonly #log: EventLog
  readonly #alarm: Alarm
  #errors = 0
  #sent = 0
  #dropped = 0

  constructor(
    receiver: StatReceiver | undefined,
    interval: number,
    counters: Counters,
    snapshot: () => ProducerStats,
    log: EventLog,
    timers: Timers,
  ) {
    this.#receiver = receiver
    this.#interval = interval
    this.#counters = counters
    this.#snapshot = snapshot
    this.#log = log
    this.#alarm = timers.alarm(() => {
      this.report()
      this.start()
    })
  }

  start(): void {
    if (this.#receiver !== undefined) this.#alarm.set(this.#interval)
  }

  stop(): void {
    this.#alarm.cancel()
  }

  report(): void {
    if (this.#receiver === undefined) return
    const { requestErrors, delivered, dropped } = this.#counters
    const stats = this.#snapshot()
    try {
      this.#receiver.receive({
        ...stats,
        bufferSize: stats.remaining,
        kinesisErrorsSinceLastStat: requestErrors - this.#errors,
        recordsSentSuccessfullySinceLastStat: delivered - this.#sent,
        recordsDroppedSinceLastStat: dropped - this.#dropped,
      })
    } catch (error) {
      this.#log.callbackThrew('statReceiver.receive', error)
    }
    this.#errors = requestErrors
    this.#sent = delivered
    this.#dropped = dropped
  }
}
