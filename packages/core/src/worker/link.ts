import type { Logger, RequestReport } from '../config/options.js'
import type { DropReason } from '../record/dropped.js'
import type { ProducerStats } from '../stats/stats.js'
import type { Steps } from '../steps/steps.js'
import type { SharedMemory } from '../store/shared-slab.js'
import type { Restarts } from '../time/restarts.js'
import type { Alarm, Timers } from '../time/timers.js'
import { ASLEEP, EXCESS, FULL, MAIL, NEWS } from './control.js'
import type { StartWorker, WorkerHandle } from './handle.js'
import type { HeldRecord } from './held-record.js'
import { eventsOf, type Mode, type ToWorker, type WorkerEvent } from './protocol.js'
import type { FullShard, RemoteQueue } from './remote-queue.js'
import type { SlabRing } from './slab-ring.js'
import { errorOf } from './told-error.js'

/**
 * The state of the worker.
 *
 * - `none`: not started yet.
 * - `starting`: the thread loads its code; records wait in the shared memory.
 * - `ready`: it has the records, and delivers them.
 * - `failed`: it died too often within a minute; records wait, and it is started again after a minute.
 * - `ended`: the producer is closed.
 */
export type WorkerState = 'none' | 'starting' | 'ready' | 'failed' | 'ended'

/** Records that are published together while nobody else makes the worker look. */
const PUBLISH_EVERY = 256
const RETRY_MS = 60_000

export interface LinkPorts {
  readonly start: StartWorker
  readonly control: Int32Array
  readonly ring: SlabRing
  readonly queue: RemoteQueue
  readonly steps: Steps
  readonly timers: Timers
  readonly restarts: Restarts
  /** What the worker is to do now. */
  readonly mode: () => Omit<Mode, 'probes'>
  readonly dropped: (record: HeldRecord, reason: DropReason) => void
  readonly log: (level: keyof Logger, message: string) => void
  readonly request: (report: RequestReport) => void
  readonly stats: (stats: ProducerStats) => void
  readonly discovered: (bytes: number) => void
  /** It died; `restarts`: it is started again at once. */
  readonly died: (error: Error | undefined, restarts: boolean) => void
}

/** Starts the worker, tells it what to do, hears it, and starts another one when it dies. */
export class Link {
  readonly #ports: LinkPorts
  readonly #retry: Alarm
  #handle: WorkerHandle | undefined
  #state: WorkerState = 'none'
  #error: Error | undefined
  #deaths = 0
  #lives = 0
  /** Whether a worker had the records. */
  #wasServed = false
  #probes = 0
  #mode: Mode | undefined
  #number = 0
  /** The number of a mode in which nothing is sent, until the worker has told that nothing is. */
  #awaitsStop: number | undefined
  #unpublished = 0
  #willPublish = false
  #heard = 0

  constructor(ports: LinkPorts) {
    this.#ports = ports
    this.#retry = ports.timers.alarm(() => ports.steps.run(() => this.#begin()))
  }

  get state(): WorkerState {
    return this.#state
  }

  get deaths(): number {
    return this.#deaths
  }

  get error(): Error | undefined {
    return this.#error
  }

  /** Whether a worker has the records. */
  get serves(): boolean {
    return this.#state === 'ready'
  }

  /** Whether the worker may still have requests in flight, though it was told to stop. */
  get isStopping(): boolean {
    return this.#awaitsStop !== undefined
  }

  /** There is something to do: starts the worker, unless there is one. */
  start(): void {
    if (this.#state === 'none') this.#begin()
  }

  /** From now on, try at once whatever failed before. */
  probe(): void {
    this.#probes++
  }

  /** A record was written. */
  recordAdmitted(): void {
    if (++this.#unpublished >= PUBLISH_EVERY) return this.publish()
    if (this.#willPublish) return
    this.#willPublish = true
    void Promise.resolve().then(this.#publishRest)
  }

  readonly #publishRest = (): void => {
    this.#willPublish = false
    if (this.#unpublished > 0) this.publish()
  }

  /** Lets the worker see what was written. */
  publish(): void {
    this.#unpublished = 0
    this.#ports.ring.publish()
    this.#wake()
  }

  /** Nothing more is admitted until something leaves. */
  markDue(): void {
    this.publish()
    if (Atomics.exchange(this.#ports.control, FULL, 1) === 0) this.#wake()
  }

  #wake(): void {
    if (this.serves && Atomics.exchange(this.#ports.control, ASLEEP, 0) === 1)
      this.post({ kind: 'wake' })
  }

  post(message: ToWorker): void {
    if (this.serves) this.#handle?.post(message)
  }

  /** Stage at the end of a step: tells the worker what it is to do, if that has changed. */
  update(): void {
    if (!this.serves) return
    const { mode } = this.#ports
    const next: Mode = { ...mode(), probes: this.#probes }
    const last = this.#mode
    if (
      last !== undefined &&
      last.sends === next.sends &&
      last.awaited === next.awaited &&
      last.draining === next.draining &&
      last.probes === next.probes
    )
      return
    this.#mode = next
    const number = ++this.#number
    this.#awaitsStop = next.sends ? undefined : number
    this.publish()
    this.post({ kind: 'mode', mode: next, number })
  }

  /** Hears what the worker has said, though the event loop does not turn. */
  listen(): void {
    if (Atomics.load(this.#ports.control, MAIL) === this.#heard) return
    const handle = this.#handle
    for (let mail = handle?.receive(); mail !== undefined; mail = handle?.receive())
      this.#hear(mail.message)
  }

  keepAlive(held: boolean): void {
    this.#handle?.keepAlive(held)
  }

  /** The producer is closed. */
  end(): void {
    this.#state = 'ended'
    this.#awaitsStop = undefined
    this.#retry.cancel()
    this.#handle?.end()
    this.#handle = undefined
  }

  #begin(): void {
    const { start, control, timers, steps } = this.#ports
    this.#retry.cancel()
    for (const word of [ASLEEP, NEWS, MAIL, FULL, EXCESS]) Atomics.store(control, word, 0)
    this.#heard = 0
    this.#mode = undefined
    this.#state = 'starting'
    let isGone = false
    const life = ++this.#lives
    try {
      const handle = start(
        { control, life },
        {
          heard: message => {
            if (!isGone && this.#handle === handle) steps.run(() => this.#hear(message))
          },
          gone: error => {
            if (isGone || this.#handle !== handle) return
            isGone = true
            steps.run(() => this.#gone(error))
          },
        },
      )
      this.#handle = handle
      handle.keepAlive(timers.held)
    } catch (error) {
      this.#gone(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #hear(message: unknown): void {
    this.#heard = (this.#heard + 1) | 0
    Atomics.store(this.#ports.control, NEWS, 0)
    for (const event of eventsOf(message)) this.#act(event)
  }

  #act(event: WorkerEvent): void {
    const { ring, queue, log, request, stats, discovered, dropped } = this.#ports
    switch (event.kind) {
      case 'ready':
        return this.#ready()
      case 'failed':
        this.#error = errorOf(event.error)
        return
      case 'news':
        return
      case 'delivered': {
        const slab = ring.slabOf(event.slab)
        if (slab !== undefined) queue.delivered(slab, event.index, event.receipt)
        return
      }
      case 'dropped': {
        const slab = ring.slabOf(event.slab)
        const tries = { attempts: event.attempts, error: event.error && errorOf(event.error) }
        const record = slab && queue.dropped(slab, event.index, tries, event.possiblyDelivered)
        if (record !== undefined) dropped(record, event.reason)
        return
      }
      case 'tried': {
        const slab = ring.slabOf(event.slab)
        const error = event.error && errorOf(event.error)
        if (slab !== undefined) queue.tried(slab, event.index, event.attempts, error)
        return
      }
      case 'slab':
        return this.#adopt(event.shared)
      case 'stopped':
        if (event.number === this.#awaitsStop) this.#awaitsStop = undefined
        return
      case 'stats':
        return stats(event.stats)
      case 'log':
        return log(event.level, event.message)
      case 'request':
        return request(event.report)
      case 'limit':
        return discovered(event.bytes)
      case 'fullShards':
        return queue.learnFull(fullShards(event))
    }
  }

  #adopt(shared: SharedMemory): void {
    this.#ports.ring.adopt(shared)
  }

  #ready(): void {
    if (this.#state !== 'starting') return
    const { ring } = this.#ports
    this.#state = 'ready'
    this.#handle?.post({ kind: 'takeOver', slabs: ring.handOver(this.#wasServed) })
    this.#wasServed = true
    this.update()
  }

  #gone(error: Error | undefined): void {
    const { queue, restarts, timers, dropped, died } = this.#ports
    // What it said before it died counts.
    this.listen()
    this.#handle = undefined
    this.#deaths++
    this.#error = error ?? this.#error
    this.#awaitsStop = undefined
    this.#state = 'failed'
    if (this.#wasServed) for (const record of queue.workerDied()) dropped(record, 'workerDied')
    const mayRestart = restarts.mayFollow(timers.now())
    died(this.#error, mayRestart)
    if (mayRestart) this.#begin()
    else this.#retry.set(RETRY_MS)
  }
}

const fullShards = ({
  ranges,
  keyless,
}: Extract<WorkerEvent, { kind: 'fullShards' }>): readonly FullShard[] => {
  const shards: FullShard[] = ranges.map(([low, high]) => ({ records: 0, bytes: 0, low, high }))
  return keyless ? [...shards, { records: 0, bytes: 0 }] : shards
}
