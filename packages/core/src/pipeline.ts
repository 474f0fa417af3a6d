import { Admission } from './admission/admission.js'
import { RecordLimit } from './admission/record-limit.js'
import { UserCallbacks } from './callbacks/user-callbacks.js'
import type { StreamClient } from './client/stream-client.js'
import type { ResolvedConfig } from './config/resolve.js'
import { DrainWaits } from './lifecycle/drain-waits.js'
import { Lifecycle } from './lifecycle/lifecycle.js'
import { snapshot } from './lifecycle/snapshot.js'
import { createPacking } from './packing/create-packing.js'
import { RecordQueue } from './queue/record-queue.js'
import { CircuitBreaker } from './request/circuit-breaker.js'
import { Scheduler } from './request/scheduler.js'
import { Sender } from './request/sender.js'
import { Settlement } from './settling/settlement.js'
import { Settler } from './settling/settler.js'
import { Counters } from './stats/counters.js'
import { EventLog, PROCESS_WARNINGS } from './stats/event-log.js'
import { Reporter } from './stats/reporter.js'
import type { ProducerStats } from './stats/stats.js'
import { WarningLimiter } from './stats/warning-limiter.js'
import { StateMachine } from './steps/state.js'
import { Steps } from './steps/steps.js'
import { SlabStore } from './store/slab-store.js'
import { StreamWatcher } from './stream/stream-watcher.js'
import { createCoarseClock } from './time/coarse-clock.js'
import { Timers } from './time/timers.js'

/** What the producer's calls need of its stages. */
export interface Pipeline {
  readonly admission: Admission
  readonly lifecycle: Lifecycle
  readonly callbacks: UserCallbacks
  readonly counters: Counters
  readonly log: EventLog
  readonly steps: Steps
  readonly timers: Timers
  readonly stats: () => ProducerStats
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
  const queue = new RecordQueue(
    {
      ...config,
      dueRecords: packer.dueRecords,
      dueBytes: packer.dueBytes,
      ordered: config.ordering === 'partitionKey',
    },
    new SlabStore(config.bufferBytes, packer.framing),
  )
  const watcher = new StreamWatcher({
    source: client,
    timers,
    interest: {
      recordLimit: config.discoverMaxRecordBytes,
      aggregation: aggregation !== undefined,
      shards: shards !== undefined,
    },
    recordLimit: bytes => limit.discovered(bytes),
    aggregation: allowed => aggregation?.allow(allowed),
    shards: list => shards?.learn(list),
    warnings: log,
  })

  const breaker = new CircuitBreaker(config.maxInFlight, config.random)
  const settlement = new Settlement(counters, log, callbacks)
  const settler = new Settler({
    ...config,
    queue,
    breaker,
    settlement,
    counters,
    log,
    timers,
    callbacks,
    shardsChanged: () => watcher.shardsChanged(),
  })
  const waits = new DrainWaits(queue, timers)
  const demand = { waitsForCapacity: false }
  const scheduler = new Scheduler({
    ...config,
    queue,
    packer,
    breaker,
    sender: new Sender(client, timers, config.requestTimeout),
    timers,
    steps,
    state,
    awaited: () => waits.active || demand.waitsForCapacity || state.current !== 'running',
    draining: () => waits.active || state.current !== 'running',
    departed: ({ batch, count }) => {
      counters.kinesisRecords += count
      counters.recordsInRequests += batch.count
    },
    answered: (request, outcome) => settler.answered(request, outcome),
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
    clock: createCoarseClock(timers, config.recordTtl > 0),
    admitted: beginsWait => scheduler.recordAdmitted(beginsWait),
    becameDue: () => scheduler.stepEnded(),
    drop: record => settlement.dropped(record, 'bufferFull'),
  })

  const stats = (): ProducerStats =>
    snapshot({ counters, queue, breaker, scheduler, admission }, state.current, timers.now())
  const reporter = new Reporter(callbacks, config.statInterval, counters, stats, timers, steps)
  const lifecycle = new Lifecycle({
    state,
    steps,
    queue,
    admission,
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
  return { admission, lifecycle, callbacks, counters, log, steps, timers, stats }
}
