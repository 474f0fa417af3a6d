import type { StreamClient } from '../client/stream-client.js'
import type { ResolvedConfig } from '../config/resolve.js'
import { createPipeline, type Pipeline } from '../pipeline.js'
import type { Batch } from '../queue/batch.js'
import type { SlabRecord } from '../queue/pending-record.js'
import { PendingRecord } from '../queue/pending-record.js'
import { IN_FLIGHT, SharedSlab, UNSURE } from '../store/shared-slab.js'
import { afterThisTurn } from '../time/next-turn.js'
import type { Alarm } from '../time/timers.js'
import { Adoption } from './adoption.js'
import { ASLEEP, EXCESS, FULL, MAIL, NEWS } from './control.js'
import type { Mode, ToWorker, WorkerEvent } from './protocol.js'
import { RemoteSettlement, triesOf } from './remote-settlement.js'
import { SettledMarks } from './settled-marks.js'
import { sharedSlabs } from './shared-slabs.js'

export interface HostPorts {
  readonly client: StreamClient
  readonly streamName: string
  /** Its callbacks emit events. */
  readonly config: (emit: (event: WorkerEvent) => void) => ResolvedConfig
  readonly control: Int32Array
  readonly post: (events: readonly WorkerEvent[]) => void
  /** Milliseconds between two reports of stats while nobody waits. */
  readonly statsEvery: number
  /** Milliseconds for which it looks again by itself, after it found something: that spares wake-ups. */
  readonly lingers: number
  /** Which worker of its producer it is, counted from 1. */
  readonly life: number
  readonly ended: () => void
}

/** The largest number that a word holds. */
const MAX_WORD = 2 ** 31 - 1

const AT_REST: Mode = { sends: false, awaited: false, draining: false, probes: 0 }

/**
 * The part of a producer that works in the worker: a pipeline whose records come from shared slabs,
 * and whose outcomes go back. It knows nothing of threads, so that tests drive both sides in one.
 */
export class Host {
  readonly #ports: HostPorts
  readonly #pipeline: Pipeline
  readonly #adoption: Adoption
  readonly #marks: SettledMarks
  readonly #linger: Alarm
  readonly #statsAlarm: Alarm
  #events: WorkerEvent[] = []
  #mode: Mode = AT_REST
  #number = 0
  #isStopping = false
  #statsAt = Number.NEGATIVE_INFINITY
  #fullShards = ''
  #isOver = false

  constructor(ports: HostPorts) {
    this.#ports = ports
    const { client, streamName, control, life } = ports
    const emit = (event: WorkerEvent): void => this.#emit(event)
    this.#marks = new SettledMarks(control)
    const config = ports.config(emit)
    const pipeline = createPipeline(client, streamName, config, {
      // At once: if this thread ends, what was moved must be found.
      slabs: sharedSlabs(life, shared => this.#post([{ kind: 'slab', shared }])),
      settlement: counted => new RemoteSettlement(counted, this.#marks, emit),
      awaited: () => this.#mode.awaited,
      draining: () => this.#mode.draining,
      departed: batch => markDeparted(batch),
      answered: batch => this.#answered(batch),
      discovered: bytes => emit({ kind: 'limit', bytes }),
    })
    this.#pipeline = pipeline
    this.#adoption = new Adoption(pipeline, config.whenFull, emit, record =>
      pipeline.settlement.dropped(record, 'bufferFull'),
    )
    this.#linger = pipeline.timers.alarm(() => this.#look())
    this.#statsAlarm = pipeline.timers.alarm(() => pipeline.steps.run(() => {}))
    pipeline.steps.atEnd(() => this.#stepEnded())
    emit({ kind: 'ready' })
    this.#tell()
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'takeOver':
        this.#pipeline.steps.run(() => this.#adoption.takeOver(message.slabs))
        break
      case 'slab':
        this.#adoption.add(message.slab)
        break
      case 'large':
        this.#adoption.addLarge(message.slab, message.index, message.memory)
        break
      case 'mode':
        this.#look()
        this.#pipeline.steps.run(() => this.#become(message.mode, message.number))
        return
      case 'wake':
        break
      case 'end':
        return this.#end()
    }
    this.#look()
  }

  /** Takes what was published, and tells whether messages are needed to look again. */
  #look(): void {
    const { control, lingers } = this.#ports
    const { steps, queue } = this.#pipeline
    if (this.#isOver) return
    Atomics.store(control, ASLEEP, 0)
    const isFull = Atomics.exchange(control, FULL, 0) === 1
    const hadMore = this.#adoption.hasMore
    let again = false
    if (hadMore || isFull)
      steps.run(() => {
        again = this.#adoption.take()
        if (isFull) queue.markDue()
      })
    else again = this.#adoption.take()
    if (again) return afterThisTurn(() => this.#look())
    if (hadMore && lingers > 0) return this.#linger.set(lingers)
    Atomics.store(control, ASLEEP, 1)
    // Published since: the main thread saw that this one was awake.
    if (this.#adoption.hasMore || Atomics.load(control, FULL) === 1)
      afterThisTurn(() => this.#look())
  }

  #become(mode: Mode, number: number): void {
    const { state, scheduler, breaker, watcher } = this.#pipeline
    const before = this.#mode
    this.#mode = mode
    this.#number = number
    if (mode.probes !== before.probes) breaker.probeNow()
    if (mode.sends && !state.sends) {
      this.#isStopping = false
      if (!state.step('start')) state.step('flush')
      watcher.started()
    } else if (!mode.sends && state.sends) {
      if (!state.step('stop')) state.step('ended')
      scheduler.cancelTimers()
      watcher.stop()
      this.#isStopping = true
    } else if (!mode.sends) this.#isStopping = true
    if (mode.sends) scheduler.wake()
  }

  #answered(batch: Batch): void {
    // Still neighbours of their slab: all of them were delivered.
    if (batch.parts !== undefined) return
    for (const record of batch.records) {
      if (!(record instanceof PendingRecord) || record.place === 'settled') continue
      const { slab, index } = record
      if (!(slab instanceof SharedSlab)) continue
      slab.states[index] = record.possiblyDelivered ? UNSURE : 0
      if (record.waiter !== undefined)
        this.#emit({ kind: 'tried', slab: slab.id, index, ...triesOf(record) })
    }
  }

  #stepEnded(): void {
    const { control } = this.#ports
    const { scheduler, state, queue } = this.#pipeline
    if (this.#isStopping && scheduler.inFlight === 0) {
      this.#isStopping = false
      state.step('ended')
      this.#emit({ kind: 'stopped', number: this.#number })
    }
    this.#noteFullShards()
    Atomics.store(control, EXCESS, Math.min(queue.excessBytes, MAX_WORD))
    const told = this.#marks.tell()
    if (told && Atomics.exchange(control, NEWS, 1) === 0) this.#emit({ kind: 'news' })
    this.#noteStats()
    this.#tell()
  }

  #noteFullShards(): void {
    const full = this.#pipeline.queue.fullShards()
    const ranges = full.flatMap(({ ref, range }) =>
      ref.kind === 'any' ? [] : [[range.low, range.high] as const],
    )
    const keyless = full.some(({ ref }) => ref.kind === 'any')
    const name = full.length === 0 ? '' : JSON.stringify([ranges, keyless])
    if (name === this.#fullShards) return
    this.#fullShards = name
    this.#emit({ kind: 'fullShards', ranges, keyless })
  }

  #noteStats(): void {
    const { statsEvery } = this.#ports
    const { timers, stats } = this.#pipeline
    const wait = this.#statsAt + statsEvery - timers.now()
    if (wait > 0 && !this.#mode.awaited) {
      if (!this.#statsAlarm.armed) this.#statsAlarm.set(wait)
      return
    }
    this.#statsAt = timers.now()
    this.#emit({ kind: 'stats', stats: stats() })
  }

  /** Told at the end of the step, or soon. */
  #emit(event: WorkerEvent): void {
    if (this.#events.push(event) === 1) void Promise.resolve().then(() => this.#tell())
  }

  #tell(): void {
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#post(events)
  }

  #post(events: readonly WorkerEvent[]): void {
    const { post, control } = this.#ports
    post(events)
    // Behind the message: who sees this finds it.
    Atomics.add(control, MAIL, 1)
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { scheduler, watcher, state } = this.#pipeline
    state.step('close')
    state.step('ended')
    scheduler.abort()
    scheduler.cancelTimers()
    watcher.stop()
    this.#linger.cancel()
    this.#statsAlarm.cancel()
    this.#ports.ended()
  }
}

const markDeparted = (batch: Batch): void => {
  const { parts } = batch
  const mark = ({ slab, index }: SlabRecord): void => {
    if (slab instanceof SharedSlab) slab.states[index] = (slab.states[index] ?? 0) | IN_FLIGHT
  }
  for (const part of parts ?? []) {
    if (!('to' in part)) mark(part)
    else if (part.slab instanceof SharedSlab) part.slab.states.fill(IN_FLIGHT, part.from, part.to)
  }
  if (parts === undefined)
    for (const record of batch.records) if (record instanceof PendingRecord) mark(record)
}
