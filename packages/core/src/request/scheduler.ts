import type { BuiltRequest } from '../packing/request-builder.js'
import type { Batch } from '../queue/batch.js'
import type { RecordBuffer } from '../queue/record-queue.js'
import type { RetryLanes } from '../queue/shard-backoff.js'
import type { Alarm, Timers } from '../time/timers.js'
import type { Batcher } from './batcher.js'
import type { RequestGate } from './circuit-breaker.js'
import type { Flight, Outcome, Sender } from './sender.js'

/** One request under way. */
export interface Departure {
  readonly batch: Batch
  readonly packed: BuiltRequest
  readonly startedAt: number
  readonly generation: number
}

/** What the dispatcher needs, and whom it tells. */
export interface DispatcherPorts {
  readonly buffer: RecordBuffer
  readonly lanes: RetryLanes
  readonly batcher: Batcher
  readonly gate: RequestGate
  readonly sender: Sender
  readonly timers: Timers
  readonly flushInterval: number
  /** Whether records may leave now, and whether they should without waiting for company. */
  readonly mode: () => 'halted' | 'normal' | 'hurry'
  readonly departed: (departure: Departure) => void
  readonly answered: (departure: Departure, outcome: Outcome) => void
  /** Nothing is in flight any more. */
  readonly quiet: () => void
}

/**
 * The pump between buffer and wire. It runs in a microtask of its own, so that admission never pays
 * for building a request, and it is woken by whatever could make a request possible: a record, an
 * answer, a timer, a change of state. A wake-up during a run makes it run again: none is lost.
 */
export class Dispatcher {
  readonly #ports: DispatcherPorts
  readonly #linger: Alarm
  readonly #retry: Alarm
  readonly #inFlight = new Map<Departure, Flight>()
  #scheduled = false
  readonly #run: () => void

  constructor(ports: DispatcherPorts) {
    this.#ports = ports
    this.#run = () => {
      this.#scheduled = false
      this.#pump()
    }
    this.#linger = ports.timers.alarm(() => {
      ports.batcher.due(ports.buffer.lastSequence)
      this.wake()
    })
    this.#retry = ports.timers.alarm(() => this.wake())
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  departures(): Iterable<Departure> {
    return this.#inFlight.keys()
  }

  wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#run)
  }

  /** A record was admitted. The common case, a batch still filling, does nothing at all. */
  recordAdmitted(): void {
    if (this.#scheduled) return
    const { buffer, batcher, flushInterval, mode } = this.#ports
    if (batcher.isReadyDue(mode() === 'hurry')) {
      if (this.#mayLeave()) this.wake()
    } else if (flushInterval > 0 && !this.#linger.armed && buffer.ready.length > 0) this.wake()
  }

  /** A record found no room: those that wait for company have waited long enough. */
  bufferFull(): void {
    const { buffer, batcher } = this.#ports
    batcher.due(buffer.lastSequence)
    if (!this.#scheduled && buffer.ready.length > 0 && this.#mayLeave()) this.wake()
  }

  #mayLeave(): boolean {
    const { gate, timers } = this.#ports
    // Asking the time costs more than all the rest here: only a gate in trouble needs it.
    return gate.consecutiveErrors === 0
      ? this.inFlight < gate.limit
      : gate.allows(timers.now(), this.inFlight)
  }

  /** Cancels all timers; requests under way go on. */
  rest(): void {
    this.#linger.cancel()
    this.#retry.cancel()
  }

  /** Gives up all requests under way; their answers no longer matter. */
  abort(): void {
    for (const flight of this.#inFlight.values()) flight.abort()
    this.#inFlight.clear()
  }

  #pump(): void {
    const { batcher, gate, timers, mode } = this.#ports
    for (;;) {
      const now = timers.now()
      const current = mode()
      if (current === 'halted') return this.rest()
      if (!gate.allows(now, this.inFlight)) return this.#sleep(now)
      const batch = batcher.next(now, current === 'hurry')
      if (batch === undefined) return this.#sleep(now)
      this.#send(batch, now)
    }
  }

  #send(batch: Batch, now: number): void {
    const { sender, gate } = this.#ports
    const packed = batch.load.build(batch.entries)
    const departure: Departure = { batch, packed, startedAt: now, generation: gate.started() }
    const flight = sender.send(packed.records, outcome => {
      this.#inFlight.delete(departure)
      this.#ports.answered(departure, outcome)
      this.wake()
      if (this.#inFlight.size === 0) this.#ports.quiet()
    })
    this.#inFlight.set(departure, flight)
    this.#ports.departed(departure)
  }

  /** Nothing to do now: arms the timers for what can become due by time alone. */
  #sleep(now: number): void {
    const { buffer, lanes, gate, batcher, flushInterval } = this.#ports
    const wait = gate.wait(now)
    const laneWait = lanes.active ? lanes.wait(now) : undefined
    if (wait > 0) this.#retry.set(wait)
    else if (laneWait !== undefined && laneWait > 0) this.#retry.set(laneWait)
    else this.#retry.cancel()

    const head = buffer.ready.head
    // A batch that is due already waits for an answer or the gate, not for time.
    if (head === undefined || flushInterval === 0 || batcher.isReadyDue(false))
      this.#linger.cancel()
    else if (!this.#linger.armed) this.#linger.set(head.admittedAt + flushInterval - now)
  }
}
