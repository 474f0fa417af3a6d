import { ConfigError, LogKeys, openProducer } from '@kinesis-producer/core/adapter'
import {
  DEFAULTS,
  type Oversize,
  OWN_NAMES,
  type PinoKinesisOptions,
  resolveLineOptions,
} from '../options.js'
import {
  aloneWith,
  asideOf,
  forget,
  isThere,
  LettersBack,
  takeAside,
  UnreadableFile,
  unreadableOf,
} from '../undelivered/replaying.js'
import { sendLetters } from '../undelivered/send-letters.js'
import { dryOptions } from './dry-client.js'
import { say } from './say.js'

export interface Replayed {
  readonly delivered: number
  /** Went back into the file. */
  readonly returned: number
  /** Given up: too large, with `oversize: drop`. */
  readonly dropped: number
  /** Lines that are no letters; they are in a file of their own. */
  readonly unreadable: number
  /** Why the file that was moved aside had to stay. */
  readonly failures: readonly string[]
}

const NONE: Replayed = { delivered: 0, returned: 0, dropped: 0, unreadable: 0, failures: [] }

const sum = (a: Replayed, b: Replayed): Replayed => ({
  delivered: a.delivered + b.delivered,
  // What came back of the first file was taken again with the second.
  returned: b.returned,
  dropped: a.dropped + b.dropped,
  unreadable: a.unreadable + b.unreadable,
  failures: [...a.failures, ...b.failures],
})

const mustBeThere = (path: string): void => {
  if (!isThere(path) && !isThere(asideOf(path)))
    throw new ConfigError(`--replay: there is no file ${path}`)
}

/**
 * Sends a dead letter file again. The file is moved aside meanwhile, so that new letters may be
 * written; what is not delivered goes back into it.
 * @throws {ConfigError} an option is wrong, there is no such file, or it is no regular file
 * @throws if another process replays it
 */
export const replayFile = async (path: string, options: PinoKinesisOptions): Promise<Replayed> => {
  resolveLineOptions(options)
  mustBeThere(path)
  return aloneWith(path, () => replayAll(path, options))
}

const replayAll = async (path: string, options: PinoKinesisOptions): Promise<Replayed> => {
  const taken = takeAside(path)
  if (taken === undefined) return NONE
  const first = await replayAside(taken.aside, path, options)
  // What an interrupted replay left came first; nothing new is tried while that does not go.
  if (!taken.more || first.returned > 0 || first.failures.length > 0) return first
  return sum(first, await replayAll(path, options))
}

const replayAside = async (
  aside: string,
  path: string,
  options: PinoKinesisOptions,
): Promise<Replayed> => {
  let delivered = 0
  let returned = 0
  let dropped = 0
  const back = new LettersBack(path)
  const unreadable = new UnreadableFile(unreadableOf(path))
  const { producer, close } = openWaiting(options)
  try {
    await sendLetters(aside, producer, keys(), oversizeOf(options), {
      delivered: () => void delivered++,
      undelivered: letter => {
        returned++
        back.add(letter)
      },
      dropped: () => void dropped++,
      unreadable: (bytes, ends) => unreadable.write(bytes, ends),
    })
  } finally {
    await close()
    back.flush()
    unreadable.close()
  }
  const failures = [back.failure, unreadable.failure].filter(why => why !== undefined)
  if (failures.length === 0) forget(aside)
  return { delivered, returned, dropped, unreadable: unreadable.lines, failures }
}

/** What a replay would do, without a change to anything. */
export interface Rehearsed {
  readonly delivered: number
  readonly undelivered: number
  readonly unreadable: number
  readonly records: number
  readonly bytes: number
}

/** @throws {ConfigError} as `replayFile` */
export const rehearseReplay = async (
  path: string,
  options: PinoKinesisOptions,
): Promise<Rehearsed> => {
  resolveLineOptions(options)
  mustBeThere(path)
  const { client, options: dry } = dryOptions(options)
  let delivered = 0
  let undelivered = 0
  let unreadable = 0
  const { producer, close } = openWaiting(dry)
  for (const file of [asideOf(path), path])
    if (isThere(file))
      await sendLetters(file, producer, keys(), oversizeOf(options), {
        delivered: () => void delivered++,
        undelivered: () => void undelivered++,
        dropped: () => void undelivered++,
        unreadable: (_, ends) => void (ends && unreadable++),
      })
  await close()
  return { delivered, undelivered, unreadable, records: client.records, bytes: client.bytes }
}

/** Only what was asked for: by default a letter is kept as it is. */
const oversizeOf = ({ oversize }: PinoKinesisOptions): Oversize | undefined => oversize ?? undefined

const nothing = (): void => {}
const logger = { debug: nothing, info: nothing, warn: say, error: say }

const keys = (): LogKeys => new LogKeys({ where: 'pino-kinesis', warn: say, repaired: nothing })

/** A producer that waits for room, and how to end it: then each letter has its outcome. */
const openWaiting = (options: PinoKinesisOptions) => {
  const { closeTimeout } = resolveLineOptions(options)
  const { producer, release } = openProducer(
    'pino-kinesis',
    { ...options, logger, addBlocksWhenBufferFull: undefined, whenFull: 'wait' },
    OWN_NAMES,
    DEFAULTS,
  )
  producer.start()
  const close = async (): Promise<void> => {
    await producer.close(closeTimeout)
    release()
    // The outcomes are told in microtasks.
    await new Promise(resolve => setImmediate(resolve))
  }
  return { producer, close }
}
