import type { OfferResult } from '../../base-producer.js'
import { DeliveryError, type ErrorCode, ProducerError } from '../../errors/errors.js'
import type { DropReason } from '../../record/dropped.js'

/** Why a log was lost: the producer's reasons, and why one was not admitted in the first place. */
export type LossReason = DropReason | 'tooLarge' | 'invalid' | 'notRunning'

/** The reason for a loss when a record was not admitted. */
export const lossReasonOf = (refusal: Exclude<OfferResult, 'admitted'>): LossReason =>
  refusal === 'full' ? 'bufferFull' : refusal

/** The reason for a loss when `put` or `add` rejected. */
export const lossReasonOfError = (error: unknown): LossReason => {
  if (error instanceof DeliveryError) return error.reason
  return (error instanceof ProducerError ? REFUSALS.get(error.code) : undefined) ?? 'invalid'
}

const REFUSALS: ReadonlyMap<ErrorCode, LossReason> = new Map([
  ['BUFFER_FULL', 'bufferFull'],
  ['RECORD_TOO_LARGE', 'tooLarge'],
  ['NOT_RUNNING', 'notRunning'],
  ['CLOSED', 'notRunning'],
  ['ABORTED', 'notRunning'],
])

/** Losses by reason. Each log is counted once, by whoever learns of its fate. */
export class LossTally {
  readonly #byReason = new Map<string, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(reason: string, count = 1): void {
    if (count === 0) return
    this.#count += count
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + count)
  }

  reasons(): Record<string, number> {
    return Object.fromEntries(this.#byReason)
  }

  clear(): void {
    this.#count = 0
    this.#byReason.clear()
  }
}

export interface LossReport {
  /** Name of the adapter. */
  readonly where: string
  readonly stream: string
  /** What was lost: one, and many. */
  readonly unit: readonly [one: string, many: string]
  readonly losses: Pick<LossTally, 'count' | 'reasons'>
  /** The last error of the service, if it says why. */
  readonly cause?: string | undefined
  /** How many of them are kept elsewhere, such as in a file. */
  readonly kept?: number
  /** What may help, or where the kept ones are. */
  readonly notes?: readonly string[]
}

/** What an adapter says at its end of everything that did not arrive; undefined if all did. */
export const lossSentence = (report: LossReport): string | undefined => {
  const { where, stream, unit, losses, cause, kept = 0, notes = [] } = report
  const { count } = losses
  if (count === 0) return undefined
  const parts = Object.entries(losses.reasons()).map(([reason, one]) => `${one} ${fateOf(reason)}`)
  const what = `${count} ${unit[count === 1 ? 0 : 1]}`
  const fate = kept >= count ? 'not delivered' : 'lost'
  const sentence = `${where} for Kinesis stream ${stream}: ${what} ${fate}: ${parts.join(', ')}`
  const told = cause === undefined ? sentence : `${sentence}: ${cause}`
  return [told, ...notes].join('; ')
}

const FATES: ReadonlyMap<string, string> = new Map([
  ['closed', 'not delivered in time'],
  ['noWorker', 'without a worker'],
  ['invalid', 'refused (invalid)'],
  ['notRunning', 'refused (notRunning)'],
])

const fateOf = (reason: string): string => FATES.get(reason) ?? `dropped (${reason})`
