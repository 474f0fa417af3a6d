import { Admission } from './admission/admission.js'
import type { StreamTarget } from './client/client-types.js'
import type { StreamClient } from './client/stream-client.js'
import type { ResolvedConfig } from './config/resolve.js'
import { DrainWaits } from './lifecycle/drain-waits.js'
import type { State } from './lifecycle/state.js'
import { createPacking } from './packing/create-packer.js'
import { Isolation } from './queue/bisection.js'
import { Expiry } from './queue/expiry.js'
import type { Entry } from './queue/pending-record.js'
import { RecordBuffer } from './queue/record-queue.js'
import { RetryLanes } from './queue/shard-backoff.js'
import { Batcher } from './request/batcher.js'
import { RequestGate } from './request/circuit-breaker.js'
import { Dispatcher } from './request/scheduler.js'
import { Sender } from './request/sender.js'
import { Settler } from './settling/settler.js'
import { Counters } from './stats/counters.js'
import { EventLog } from './stats/event-log.js'
import { Reporter } from './stats/reporter.js'
import { snapshot } from './stats/snapshot.js'
import type { ProducerStats } from './stats/stats.js'
import { StreamWatcher } from './stream/stream-watcher.js'
import { createStamps } from './time/stamps.js'
import { Timers } from './time/timers.js'

/** The rooms of a producer, joined. */
export interface Engine {
  readonly admission: Admission
  readonly dispatcher: Dispatcher
  readonly waits: DrainWaits
  readonly reporter: Reporter
  readonly expiry: Expiry
  readonly gate: RequestGate
  readonly buffer: RecordBuffer
  readonly settler: Settler
  readonly counters: Counters
  readonly log: EventLog
  readonly timers: Timers
  readonly learner: StreamWatcher
  readonly stats: () => ProducerStats
  /** All unsettled records, oldest first, and whether a request carries them now. */
  readonly unsettled: () => { entry: Entry; inFlight: boolean }[]
}

export interface EngineOwner {
  readonly state: () => State
  /** The last request under way was answered. */
  readonly quiet: () => void
}

/**
 * The wiring: admission -> buffer -> batching -> packing -> sending -> settling, with retry lanes
 * and isolation as the way back. Rooms know each other only by what is handed to them here.
 */
export const createEngine = (
  client: StreamClient,
  target: StreamTarget,
  config: ResolvedConfig,
  owner: EngineOwner,
): Engine => {
  const timers = new Timers(config.clock)
  const streamName = 'StreamARN' in target ? target.StreamARN : target.StreamName
  const log = new EventLog(config.logger, streamName, timers)
  const counters = new Counters()
  const waits = new DrainWaits(timers)
  const buffer = new RecordBuffer(
    config.bufferSize,
    config.bufferBytes,
    config.ordering === 'partitionKey',
  )
  const lanes = new RetryLanes(config.random)
  const isolation = new Isolation()
  const packing = createPacking(config)
  const gate = new RequestGate(config.maxInFlight, config.random)

  const expire = (entry: Entry): void => settler.drop(entry, 'expired')
  const batcher = new Batcher(buffer, lanes, isolation, packing.packer, config, expire)
  const expiry = new Expiry(buffer, lanes, timers, config.recordTtl, expire)
  const admission = new Admission(
    {
      buffer,
      lanes,
      counters,
      timers,
      whenFull: config.whenFull,
      stamp: createStamps(config.clock, config.recordTtl > 0),
      admitted: () => {
        dispatcher.recordAdmitted()
        expiry.recordAdmitted()
      },
      full: () => dispatcher.bufferFull(),
      giveUp: (entry, reason) => settler.giveUp(entry, reason),
    },
    packing.packer,
    config.maxRecordBytes,
  )
  const settler = new Settler({
    buffer,
    lanes,
    isolation,
    batcher,
    gate,
    counters,
    log,
    timers,
    maxAttemptsPerRecord: config.maxAttemptsPerRecord,
    dropBatchWhenStuck: config.dropBatchWhenStuck,
    shardsChanged: () => learner.shardsChanged(),
    onDrop: config.onDrop,
    onRequest: config.onRequest,
    settled: entry => {
      if (waits.active) waits.settled(entry.sequence)
      admission.roomFreed()
    },
  })
  const dispatcher = new Dispatcher({
    buffer,
    lanes,
    batcher,
    gate,
    sender: new Sender(client, timers, config.requestTimeout),
    timers,
    flushInterval: config.flushInterval,
    mode: () => dispatchMode(owner.state(), waits.active),
    departed: ({ batch, packed }) => {
      counters.kinesisRecords += packed.count
      counters.recordsInRequests += batch.entries.length
    },
    answered: (departure, outcome) => settler.answered(departure, outcome),
    quiet: owner.quiet,
  })

  const { kpl, shards } = packing
  const learner = new StreamWatcher({
    source: client,
    timers,
    interest: {
      recordLimit: config.discoverMaxRecordBytes,
      aggregation: kpl !== undefined,
      shards: shards !== undefined,
    },
    recordLimit: bytes => admission.setMaxRecordBytes(bytes),
    aggregation: allowed => {
      if (kpl !== undefined) kpl.allowed = allowed
    },
    shards: list => shards?.learn(list),
    warnings: log,
  })

  const stats = (): ProducerStats =>
    snapshot({ counters, buffer, lanes, gate, dispatcher, admission }, owner.state(), timers.now())
  const reporter = new Reporter(
    config.statReceiver,
    config.statInterval,
    counters,
    stats,
    log,
    timers,
  )

  const unsettled = (): { entry: Entry; inFlight: boolean }[] => {
    const all: { entry: Entry; inFlight: boolean }[] = []
    for (const { batch } of dispatcher.departures()) {
      for (const entry of batch.entries) all.push({ entry, inFlight: true })
    }
    for (const source of [isolation, lanes, buffer.ready, buffer.order ?? []]) {
      for (const entry of source) all.push({ entry, inFlight: false })
    }
    return all.toSorted((a, b) => a.entry.sequence - b.entry.sequence)
  }

  return {
    admission,
    dispatcher,
    waits,
    reporter,
    expiry,
    gate,
    buffer,
    settler,
    counters,
    log,
    timers,
    learner,
    stats,
    unsettled,
  }
}

const dispatchMode = (state: State, awaited: boolean): 'halted' | 'normal' | 'hurry' => {
  switch (state) {
    case 'running':
      return awaited ? 'hurry' : 'normal'
    case 'flushing':
    case 'closing':
      return 'hurry'
    case 'idle':
    case 'stopping':
    case 'closed':
      return 'halted'
  }
}
