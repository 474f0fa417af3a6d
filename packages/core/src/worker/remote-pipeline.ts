import { Admission } from '../admission/admission.js'
import { RecordLimit } from '../admission/record-limit.js'
import type { ProducerStages } from '../base-producer.js'
import { UserCallbacks } from '../callbacks/user-callbacks.js'
import type { ResolvedConfig } from '../config/resolve.js'
import { ConfigError } from '../errors/errors.js'
import { DrainWaits } from '../lifecycle/drain-waits.js'
import { Lifecycle } from '../lifecycle/lifecycle.js'
import { createPacking } from '../packing/create-packing.js'
import { Settlement } from '../settling/settlement.js'
import { Counters } from '../stats/counters.js'
import { EventLog, PROCESS_WARNINGS } from '../stats/event-log.js'
import { Reporter } from '../stats/reporter.js'
import type { ProducerStats } from '../stats/stats.js'
import { WarningLimiter } from '../stats/warning-limiter.js'
import { StateMachine } from '../steps/state.js'
import { Steps } from '../steps/steps.js'
import { createCoarseClock } from '../time/coarse-clock.js'
import { Restarts } from '../time/restarts.js'
import { Timers } from '../time/timers.js'
import { createControl } from './control.js'
import type { StartWorker } from './handle.js'
import type { HeldRecord } from './held-record.js'
import { Link } from './link.js'
import { type FullShard, RemoteQueue } from './remote-queue.js'
import { RemoteStats } from './remote-stats.js'
import { SlabRing } from './slab-ring.js'

/** Bytes are counted modulo 2^32, and a record that is being admitted is on top of them. */
const MAX_BUFFER_BYTES = 2 ** 32 - 64 * 1024 * 1024

export interface RemotePipeline extends ProducerStages {
  readonly link: Link
}

/**
 * The wiring of a producer whose work is done by a worker. The stages of this thread are those of
 * every producer, around a queue in shared memory; behind it, in place of requests, is the link to
 * the worker, where the other half of the stages runs (`Host`).
 */
export const createRemotePipeline = (
  startWorker: StartWorker,
  streamName: string,
  config: ResolvedConfig,
  restarts: number,
): RemotePipeline => {
  if (config.bufferBytes > MAX_BUFFER_BYTES)
    throw new ConfigError(
      `bufferBytes must be at most ${MAX_BUFFER_BYTES} for a producer in a worker, not ${config.bufferBytes}`,
    )
  const state = new StateMachine()
  const timers = new Timers(config.clock, held => link.keepAlive(held))
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
  const settlement = new Settlement(counters, log, callbacks)

  const { packer } = createPacking(config)
  const limit = new RecordLimit(bytes => packer.recordLimit(bytes), config.maxRecordBytes, [
    config.maxRequestBytes,
    config.bufferBytes,
  ])
  const control = createControl()
  const ring = new SlabRing(config.bufferBytes, packer.framing, message => link.post(message))
  const queue = new RemoteQueue({
    ...config,
    makesRoom: config.whenFull === 'dropOldest',
    ring,
    control,
    listen: () => link.listen(),
    isServed: () => link.serves,
    markDue: () => link.markDue(),
  })
  const waits = new DrainWaits(queue, timers)
  const remoteStats = new RemoteStats()
  const told = {
    get delivered(): number {
      return counters.admitted - counters.dropped - queue.records
    },
    get dropped(): number {
      return counters.dropped
    },
    get requestErrors(): number {
      return remoteStats.requestErrors
    },
  }
  const link: Link = new Link({
    start: startWorker,
    control,
    ring,
    queue,
    steps,
    timers,
    restarts: new Restarts(restarts),
    mode: () => ({
      sends: state.sends,
      awaited: waits.active || admission.waiting > 0 || state.current !== 'running',
      draining: waits.active || state.current !== 'running',
    }),
    dropped: (record, reason) => settlement.dropped(record, reason),
    log: (level, message) => log.passOn(level, message),
    request: report => callbacks.requestEnded(report),
    stats: stats => remoteStats.learn(stats, timers.now()),
    discovered: bytes => limit.discovered(bytes),
    died: (error, again) => {
      remoteStats.workerDied()
      log.workerDied(deathMessage(error, again, queue.records))
    },
  })
  const scheduler = {
    get inFlight(): number {
      return link.isStopping ? 1 : 0
    },
    wake: () => {
      link.start()
      link.update()
      // Who begins to wait is told at the end of a step, and there may be none for long.
      if (link.state === 'failed') void Promise.resolve().then(() => steps.run(() => {}))
    },
    cancelTimers: () => link.update(),
    mayHaveLeft: () => false,
    abort: () => link.end(),
  }
  const admission = new Admission<FullShard, HeldRecord>({
    queue,
    counters,
    timers,
    steps,
    limit,
    overhead: packer.overhead,
    checkData: packer.checkData,
    whenFull: config.whenFull,
    clock: createCoarseClock(timers, config.recordTtl > 0),
    admitted: () => link.recordAdmitted(),
    becameDue: () => {},
    drop: record => settlement.dropped(record, 'bufferFull'),
  })
  const stats = (): ProducerStats =>
    remoteStats.read({
      counters,
      state: state.current,
      delivered: told.delivered,
      remaining: queue.records,
      remainingBytes: queue.bytes,
      bytesDelivered: queue.bytesDelivered,
      heldBytes: ring.heldBytes,
      pooledBytes: ring.pooledBytes,
      capacityRecords: config.bufferSize,
      capacityBytes: config.bufferBytes,
      waiting: admission.waiting,
      oldestAdmittedAt: queue.oldest()?.admittedAt,
      now: timers.now(),
    })
  const reporter = new Reporter(callbacks, config.statInterval, told, stats, timers, steps)
  const lifecycle = new Lifecycle({
    state,
    steps,
    queue,
    admission,
    scheduler,
    breaker: { probeNow: () => link.probe() },
    waits,
    settlement,
    callbacks,
    counters: told,
    reporter,
    watcher: { started: () => {}, stop: () => {} },
    timers,
  })

  steps.atEnd(() => admission.admitWaiting())
  steps.atEnd(() => {
    // Nobody delivers anything for a while: who waits without a deadline would wait for ever.
    if (link.state === 'failed') waits.endAll()
    else waits.check()
  })
  steps.atEnd(() => lifecycle.checkStopped())
  steps.atEnd(() => link.update())
  steps.atEnd(() => log.stepEnded())
  steps.atEnd(() => callbacks.run())
  return { admission, lifecycle, callbacks, counters, log, steps, timers, stats, link }
}

const deathMessage = (error: Error | undefined, again: boolean, records: number): string => {
  const why = error === undefined ? 'it ended by itself' : error.message
  const what = `the worker died (${why}); ${records} records that it had are kept`
  return again
    ? `${what}, and it is started again`
    : `${what}; it died too often, and is started again in a minute`
}
