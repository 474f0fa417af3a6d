import { type TransportBaseOptions, type TransportTargetOptions, transport } from 'pino'
import type { PinoKinesisOptions } from '../options.js'
import type { FromHelper } from '../protocol.js'
import type { KinesisTransportHelperOptions } from './helper-options.js'
import { isWorkerStream, type PinoTransportStream, type WorkerStream } from './messages.js'

const TARGET = '@kinesis-producer/pino-transport'

/** What workers are started with, the first time and each time again. */
export interface Start {
  readonly options: PinoKinesisOptions
  readonly helper: KinesisTransportHelperOptions
  /** Custom levels. */
  readonly levels: Record<string, number> | undefined
  /** Where relative targets are meant from. */
  readonly caller: readonly string[]
}

/** The worker of Kinesis, with the steps before it. */
export const startKinesis = ({ options, helper, levels, caller }: Start): WorkerStream => {
  const { pipeline, targets, level, dedupe } = helper
  const fromHelper: FromHelper = {
    level: level ?? undefined,
    otherLevels: dedupe === true ? (targets ?? []).map(({ level: other }) => other ?? 'info') : [],
  }
  const kinesis = {
    target: TARGET,
    options: {
      ...options,
      ...(levels !== undefined && { levels }),
      $helper: fromHelper,
    },
  }
  const base = { caller, ...workerOf(helper) }
  if (pipeline === undefined || pipeline === null || pipeline.length === 0)
    return opened(() => transport({ ...base, ...kinesis }))
  const entry = { target: TARGET, options: { $helper: { entry: true } satisfies FromHelper } }
  return opened(() => transport({ ...base, pipeline: [entry, ...pipeline.map(named), kinesis] }))
}

/**
 * The worker of the other targets: what befalls it, Kinesis does not notice. Undefined if there are none.
 */
export const startOthers = ({ helper, levels, caller }: Start): WorkerStream | undefined => {
  const { targets, dedupe, level } = helper
  if (targets === undefined || targets === null || targets.length === 0) return undefined
  const sink: TransportTargetOptions = {
    target: TARGET,
    options: { $helper: { sink: true } satisfies FromHelper },
  }
  // A number is possible as well, against pino's types.
  Reflect.set(sink, 'level', level ?? 'trace')
  const all = targets.map(target => named({ ...target, level: target.level ?? 'info' }))
  const base = { caller, ...workerOf(helper) }
  return opened(() =>
    transport({
      ...base,
      targets: dedupe === true ? [...all, sink] : all,
      ...(levels !== undefined && { levels }),
      ...(dedupe === true && { dedupe }),
    }),
  )
}

const workerOf = ({
  worker,
}: KinesisTransportHelperOptions): { worker?: NonNullable<TransportBaseOptions['worker']> } =>
  worker === undefined || worker === null ? {} : { worker }

/** Pino takes names, paths and URLs as text. */
const named = <T extends object>(target: T): T => {
  const mended: T = { ...target }
  const name: unknown = Reflect.get(target, 'target')
  const steps: unknown = Reflect.get(target, 'pipeline')
  if (name instanceof URL) Reflect.set(mended, 'target', name.href)
  if (Array.isArray(steps))
    Reflect.set(
      mended,
      'pipeline',
      steps.map(step => named(Object(step))),
    )
  return mended
}

/** Pino listens for the end of the process until a worker is ready; thirty that start are no leak. */
const opened = (open: () => PinoTransportStream): WorkerStream => {
  const allow = (more: number): void => {
    const max = process.getMaxListeners()
    if (max > 0) process.setMaxListeners(Math.max(1, max + more))
  }
  allow(1)
  try {
    const stream = open()
    if (!isWorkerStream(stream))
      throw new Error('pino.transport returned no stream with a worker; use pino 9.1 or later')
    let starting = true
    const started = (): void => {
      if (starting) allow(-1)
      starting = false
    }
    stream.once('ready', started)
    stream.once('close', started)
    return stream
  } catch (error) {
    allow(-1)
    throw error
  }
}
