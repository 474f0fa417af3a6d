import { Admission } from './admission/admission.js'
import { DiskTail } from './admission/disk-tail.js'
import { RecordLimit } from './admission/record-limit.js'
import type { ProducerStages } from './base-producer.js'
import { UserCallbacks } from './callbacks/user-callbacks.js'
import type { StreamClient } from './client/stream-client.js'
import type { ResolvedConfig } from './config/resolve.js'
import { DrainWaits } from './lifecycle/drain-waits.js'
import { Lifecycle } from './lifecycle/lifecycle.js'
import { snapshot } from './lifecycle/snapshot.js'
import { createPacking } from './packing/create-packing.js'
import type { Batch } from './queue/batch.js'
import { RecordQueue } from './queue/record-queue.js'
import { CircuitBreaker } from './request/circuit-breaker.js'
import { InFlightLimit } from './request/in-flight-limit.js'
import { Scheduler } from './request/scheduler.js'
import { Sender } from './request/sender.js'
import { Settlement, type SettlementCalls } from './settling/settlement.js'
import { Settler } from './settling/settler.js'
import { readBootId } from './spool/boot-id.js'
import { DISK } from './spool/file-system.js'
import { SOCKET_LOCKS } from './spool/lock.js'
import { Spool } from './spool/spool.js'
import { Counters } from './stats/counters.js'
import { EventLog, PROCESS_WARNINGS } from './stats/event-log.js'
import { Reporter } from './stats/reporter.js'
import type { ProducerStats } from './stats/stats.js'
import { WarningLimiter } from './stats/warning-limiter.js'
import { StateMachine } from './steps/state.js'
import { Steps } from './steps/steps.js'
import { type SlabSource, SlabStore } from './store/slab-store.js'
import { StreamWatcher } from './stream/stream-watcher.js'
import { createCoarseClock } from './time/coarse-clock.js'
import { Timers } from './time/timers.js'

/** All stages of a producer. */
export interface Pipeline extends ProducerStages {
  readonly state: StateMachine
  readonly queue: RecordQueue
  readonly store: SlabStore
  readonly scheduler: Scheduler
  readonly breaker: CircuitBreaker
  readonly watcher: StreamWatcher
  readonly settlement: SettlementCalls
}

/** Where a pipeline that takes its records from another thread differs. */
export interface Seams {
  readonly slabs: SlabSource
  /** @param counted what counts and tells otherwise */
  readonly settlement: (counted: Settlement) => SettlementCalls
  /** Whether somebody in the other thread waits for capacity or for records to be settled. */
  readonly awaited: () => boolean
  /** Whether somebody there waits until records are settled. */
  readonly draining: () => boolean
  readonly departed: (batch: Batch) => void
  /** The answer to a request was acted on. */
  readonly answered: (batch: Batch) => void
  /** The largest record of the stream. */
  readonly discovered: (bytes: number) => void
}

/**
 * The wiring. Records go
 *
 *     admission -> queue -> request (scheduler, packing, sender) -> client -> settling
 *
 * and from settling back to the queue, or out. Each stage is made from those before it; what has to
 * be looked at when something has happened is a stage of `steps`, in the order listed at the end.
 */
export const createPipeline = (
  client: StreamClient,
  streamName: string,
  config: ResolvedConfig,
  seams?: Seams,
): Pipeline => {
  const state = new StateMachine()
  const timers = new Timers(config.clock)
  const callbacks = new UserCallbacks({
    ...config,
    logger:
      config.logger === false || config.logger === undefined ? PROCESS_WARNINGS : config.logger,
  })
  const limiter = new WarningLimiter(() => timers.now())
  const log = new EventLog(callbacks, limiter, streamName, config.logger)
  callbacks.reportFailuresTo((callback, error) => log.callbackFailed(callback, error))
  const steps = new Steps(error => log.unexpected(error))
  const counters = new Counters()

  const { packer, aggregation, shards } = createPacking(config)
  const limit = new RecordLimit(bytes => packer.recordLimit(bytes), config.maxRecordBytes, [
    config.maxRequestBytes,
    config.bufferBytes,
  ])
  const spool =
    config.spool === undefined
      ? undefined
      : new Spool({
          fs: DISK,
          locks: SOCKET_LOCKS,
          timers,
          wallClock: () => Date.now(),
          bootId: readBootId(),
          options: config.spool,
          log: {
            warn: (kind, message) => log.spool(kind, message),
            info: message => log.spoolNews(message),
          },
          changed: () => steps.run(() => {}),
          lost: count => counted.lost(count),
        })
  const store = new SlabStore(config.bufferBytes, packer.framing, seams?.slabs)
  const queue = new RecordQueue(
    {
      ...config,
      dueRecords: packer.dueRecords,
      dueBytes: packer.dueBytes,
      ordered: config.ordering === 'partitionKey',
      ...(spool !== undefined && { settled: (id, count) => spool.settled(id, count) }),
    },
    store,
  )
  const clock = createCoarseClock(timers, config.recordTtl > 0)
  const tail: DiskTail | undefined =
    spool === undefined
      ? undefined
      : new DiskTail({
          queue,
          counters,
          spool,
          ordered: config.ordering === 'partitionKey',
          clock,
          wallOffset: () => timers.now() - Date.now(),
          validate: (data, partitionKey, explicitHashKey): number =>
            admission.validate(data, partitionKey, explicitHashKey),
          admitted: beginsWait => scheduler.recordAdmitted(beginsWait),
          reject: record => settlement.dropped(record, 'rejected'),
          readMore: () => steps.run(() => {}),
          sends: () => state.sends,
        })
  const watcher = new StreamWatcher({
    source: client,
    timers,
    interest: {
      recordLimit: config.discoverMaxRecordBytes,
      aggregation: aggregation !== undefined,
      shards: shards !== undefined,
    },
    recordLimit: bytes => {
      limit.discovered(bytes)
      seams?.discovered(bytes)
    },
    aggregation: allowed => aggregation?.allow(allowed),
    shards: list => shards?.learn(list),
    warnings: log,
  })

  const inFlightLimit = new InFlightLimit(config.maxInFlight)
  const breaker = new CircuitBreaker(inFlightLimit, config.random)
  const counted = new Settlement(counters, log, callbacks)
  const settlement = seams?.settlement(counted) ?? counted
  const settler = new Settler({
    ...config,
    queue,
    breaker,
    inFlightLimit,
    settlement,
    counters,
    log,
    timers,
    callbacks,
    ...(spool !== undefined && { diskTakesMore: () => spool.takes(0) }),
    shardsChanged: () => watcher.shardsChanged(),
  })
  const waits = new DrainWaits(queue, timers, tail)
  const demand = { waitsForCapacity: false }
  const scheduler = new Scheduler({
    ...config,
    queue,
    packer,
    breaker,
    inFlightLimit,
    sender: new Sender(client, timers, config.requestTimeout),
    timers,
    steps,
    state,
    awaited: () =>
      waits.active ||
      demand.waitsForCapacity ||
      state.current !== 'running' ||
      seams?.awaited() === true,
    draining: () => waits.active || state.current !== 'running' || seams?.draining() === true,
    departed: ({ batch, count }) => {
      counters.kinesisRecords += count
      counters.recordsInRequests += batch.count
      seams?.departed(batch)
    },
    answered: (request, outcome) => {
      settler.answered(request, outcome)
      seams?.answered(request.batch)
    },
    expired: record => settlement.dropped(record, 'expired'),
  })
  const admission = new Admission({
    queue,
    counters,
    timers,
    steps,
    limit,
    overhead: packer.overhead,
    checkData: packer.checkData,
    whenFull: config.whenFull,
    clock,
    ...(tail !== undefined && { tail }),
    admitted: beginsWait => scheduler.recordAdmitted(beginsWait),
    becameDue: () => scheduler.stepEnded(),
    drop: record => settlement.dropped(record, 'bufferFull'),
  })

  const stats = (): ProducerStats =>
    snapshot(
      { counters, queue, breaker, inFlightLimit, scheduler, admission, tail },
      state.current,
      timers.now(),
    )
  const reporter = new Reporter(callbacks, config.statInterval, counters, stats, timers, steps)
  const lifecycle = new Lifecycle({
    state,
    steps,
    queue,
    admission,
    tail,
    scheduler,
    breaker,
    waits,
    settlement,
    callbacks,
    counters,
    reporter,
    watcher,
    timers,
  })

  // First: what was settled has been told, and its memory is capacity.
  steps.atEnd(() => queue.stepEnded())
  if (tail !== undefined) steps.atEnd(() => tail.readBack())
  steps.atEnd(() => {
    admission.admitWaiting()
    // While somebody waits for capacity, whatever is ready goes: it could not fill a request.
    demand.waitsForCapacity = admission.waiting > 0
  })
  steps.atEnd(() => waits.check())
  steps.atEnd(() => lifecycle.checkStopped())
  steps.atEnd(() => scheduler.stepEnded())
  steps.atEnd(() => log.stepEnded())
  steps.atEnd(() => callbacks.run())

  if (config.requestTimeout === 0) log.noDeadline()
  return {
    admission,
    lifecycle,
    callbacks,
    counters,
    log,
    steps,
    timers,
    stats,
    state,
    queue,
    store,
    scheduler,
    breaker,
    watcher,
    settlement,
  }
}
