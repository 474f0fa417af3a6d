import type { DroppedRecord, UserRecord } from '@kinesis-producer/core'
import { LogKeys, lossReasonOfError, openProducer } from '@kinesis-producer/core/adapter'
import { DEFAULTS, OWN_NAMES, type PinoKinesisOptions, resolveLineOptions } from '../options.js'
import { DeadLetterFile } from '../undelivered/dead-letter-file.js'
import { addLetter, forget, readLetters, takeAside } from '../undelivered/replay.js'

export interface Replayed {
  readonly delivered: number
  /** Went back into the file, lines that are no letters included. */
  readonly returned: number
}

/**
 * Sends a dead letter file again. The file is moved aside meanwhile, so that new letters may be
 * written; what is not delivered goes back into it.
 */
export const replayFile = async (path: string, options: PinoKinesisOptions): Promise<Replayed> => {
  const taken = takeAside(path)
  if (taken === undefined) return { delivered: 0, returned: 0 }
  const first = await replayAside(taken.aside, path, options)
  // What an interrupted replay left came first; nothing new is tried while that does not go.
  if (!taken.more || first.returned > 0) return first
  const second = await replayFile(path, options)
  return { delivered: first.delivered + second.delivered, returned: second.returned }
}

const replayAside = async (
  aside: string,
  path: string,
  options: PinoKinesisOptions,
): Promise<Replayed> => {
  const { closeTimeout } = resolveLineOptions(options)
  let returned = 0
  let file: DeadLetterFile | undefined
  const giveBack = (
    { data, partitionKey, explicitHashKey }: UserRecord,
    reason: string,
    attempts: number,
  ): void => {
    returned++
    file ??= new DeadLetterFile(path, Number.MAX_SAFE_INTEGER, (letters, why) => {
      throw new Error(`${letters} letters could not go back: ${why}; all are in ${aside}`)
    })
    file.add({ data, partitionKey, explicitHashKey, reason, attempts })
  }
  const { producer, release } = openProducer(
    'pino-kinesis',
    {
      ...options,
      whenFull: 'wait',
      onDrop: ({ record, reason, attempts }: DroppedRecord) =>
        giveBack(record, reason, attempts.length),
    },
    OWN_NAMES,
    DEFAULTS,
  )
  producer.start()
  const keys = new LogKeys({
    where: 'pino-kinesis',
    warn: message => process.emitWarning(message, 'KinesisProducerWarning'),
    repaired: () => {},
  })
  const unknown = (line: string): void => giveBack({ data: line }, 'unknown', 0)
  for await (const letter of readLetters(aside, unknown)) {
    try {
      await addLetter(producer, letter, keys)
    } catch (error) {
      giveBack(letter, lossReasonOfError(error), 0)
    }
  }
  const { leftover } = await producer.close(closeTimeout)
  for (const record of leftover) giveBack(record, 'closed', 0)
  release()
  file?.flush()
  forget(aside)
  return { delivered: producer.stats().delivered, returned }
}
