import {
  type BatchProducer,
  DeliveryError,
  type RecordData,
  RecordTooLargeError,
} from '@kinesis-producer/core'
import { bytesOver, type LogKeys, lossReasonOfError } from '@kinesis-producer/core/adapter'
import { truncateLine } from '../lines/truncate.js'
import type { Oversize } from '../options.js'
import { type DeadLetter, dataOf } from './letter.js'
import { readLetters } from './read-letters.js'

/** Most letters and bytes that are under way at a time: the file may be larger than the memory. */
const WINDOW_LETTERS = 20_000
const WINDOW_BYTES = 16 * 1024 * 1024
const NEWLINE = 10

export interface LetterOutcomes {
  delivered(): void
  /** The letter as it goes back: with what is known of it now. */
  undelivered(letter: DeadLetter): void
  /** Too large, and such lines are not wanted. */
  dropped(): void
  /** The bytes of a line that is no letter, in pieces. */
  unreadable(bytes: Buffer, ends: boolean): void
}

/**
 * Reads the letters of a file and adds them to a producer whose `whenFull` is `wait`. Resolves when all
 * are read; each has its outcome at the latest when the producer is closed.
 */
export const sendLetters = async (
  path: string,
  producer: BatchProducer,
  keys: LogKeys,
  oversize: Oversize | undefined,
  outcomes: LetterOutcomes,
): Promise<void> => {
  let letters = 0
  let bytes = 0
  let wake = (): void => {}
  const room = (): Promise<void> | undefined =>
    letters < WINDOW_LETTERS && bytes < WINDOW_BYTES
      ? undefined
      : new Promise(resolve => (wake = resolve))
  for await (const line of readLetters(path)) {
    if (line.kind === 'piece') {
      outcomes.unreadable(line.bytes, line.ends)
      continue
    }
    for (let wait = room(); wait !== undefined; wait = room()) await wait
    letters++
    bytes += line.bytes
    const settled = (): void => {
      letters--
      bytes -= line.bytes
      wake()
    }
    void sendLetter(producer, line.letter, keys, oversize, outcomes).finally(settled)
  }
}

/** Never rejects. */
const sendLetter = async (
  producer: BatchProducer,
  letter: DeadLetter,
  keys: LogKeys,
  oversize: Oversize | undefined,
  outcomes: LetterOutcomes,
): Promise<void> => {
  const { explicitHashKey } = letter
  const partitionKey = keys.from(letter.partitionKey)
  const put = (data: RecordData): Promise<unknown> =>
    producer.put(data, partitionKey, explicitHashKey === undefined ? {} : { explicitHashKey })
  const data = dataOf(letter)
  try {
    await put(data).catch((error: unknown) => {
      const cut =
        error instanceof RecordTooLargeError && oversize === 'truncate'
          ? cutToFit(producer, data, partitionKey)
          : undefined
      if (cut === undefined) throw error
      return put(cut)
    })
    outcomes.delivered()
  } catch (error) {
    if (error instanceof RecordTooLargeError && oversize === 'drop') outcomes.dropped()
    else outcomes.undelivered(sentInVain(letter, error))
  }
}

const cutToFit = (
  producer: BatchProducer,
  data: RecordData,
  partitionKey: string | undefined,
): Buffer | undefined => {
  const bytes = Buffer.from(data)
  const over = bytesOver(producer, bytes, partitionKey)
  const end = bytes.subarray(bytes.at(-1) === NEWLINE ? -1 : bytes.length)
  const line = bytes.subarray(0, bytes.length - end.length)
  const cut = truncateLine(line, line.length - over)
  return cut && Buffer.concat([cut, end])
}

/** When and why it was given up first stays; `lastReplay` says why it is here again. */
const sentInVain = (letter: DeadLetter, error: unknown): DeadLetter => {
  const tried = error instanceof DeliveryError ? error.attempts.length : 0
  const twice = error instanceof DeliveryError && error.possiblyDelivered
  const cause = error instanceof DeliveryError ? (error.cause ?? error) : error
  return {
    ...letter,
    attempts: letter.attempts + tried,
    ...((twice || letter.possiblyDelivered === true) && { possiblyDelivered: true as const }),
    lastReplay: {
      time: new Date().toISOString(),
      reason: lossReasonOfError(error),
      ...(cause instanceof Error && { error: cause.message }),
    },
  }
}
