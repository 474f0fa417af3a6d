import {
  boundedMessage,
  boundedText,
  MAX_CODE_CHARACTERS,
  property,
  shownAs,
  textProperty,
} from '../errors/bounded-text.js'
import { ShortResponseError } from '../errors/errors.js'
import { UnreadAnswer } from './unread-answer.js'

/** Where a record was stored. */
export interface Stored {
  readonly kind: 'stored'
  /** Empty if the answer did not say. */
  readonly shardId: string
  readonly sequenceNumber: string
}

/** Why a record was not stored; both texts are one line and bounded, and neither is empty. */
export interface Failed {
  readonly kind: 'failed'
  readonly code: string
  readonly message: string
}

export type RecordResult = Stored | Failed

/** What an answer to PutRecords says, whoever read it. */
export type Answer =
  /** `places` is undefined if nobody wants them: then they may not have been read. */
  | { readonly kind: 'allStored'; readonly places: readonly Stored[] | undefined }
  /** One result a record, in the order of the request; at least one of them failed. */
  | { readonly kind: 'answered'; readonly results: readonly RecordResult[] }
  /** Nothing can be told of any record: each of them may have been stored. */
  | { readonly kind: 'unusable'; readonly error: Error }

/** The code of a record whose result names neither a sequence number nor an error. */
export const NO_SEQUENCE_NUMBER = 'NoSequenceNumber'

/**
 * Checks an answer before anything is believed of it: a lost or garbled result must not pass for a
 * delivery. Total: whatever a client resolves with, this returns.
 */
export const readAnswer = (answer: unknown, sent: number, needsPlaces: boolean): Answer => {
  try {
    if (answer instanceof UnreadAnswer && answer.count === sent && !needsPlaces)
      return { kind: 'allStored', places: undefined }
    return readResults(resultsOf(answer), sent, needsPlaces)
  } catch (error) {
    return { kind: 'unusable', error: unreadable(error) }
  }
}

/** Throws if the answer was not read yet and cannot be. */
const resultsOf = (answer: unknown): unknown =>
  answer instanceof UnreadAnswer ? answer.Records : property(answer, 'Records')

const readResults = (found: unknown, sent: number, needsPlaces: boolean): Answer => {
  const answered = Array.isArray(found) ? found.length : 0
  if (!Array.isArray(found) || answered !== sent)
    return { kind: 'unusable', error: new ShortResponseError(sent, answered) }
  const texts = new Texts()
  const results: RecordResult[] = []
  const places: Stored[] = []
  for (let i = 0; i < sent; i++) {
    const result = readResult(found[i], texts)
    results.push(result)
    if (result.kind === 'stored') places.push(result)
  }
  return places.length === sent
    ? { kind: 'allStored', places: needsPlaces ? places : undefined }
    : { kind: 'answered', results }
}

const readResult = (result: unknown, texts: Texts): RecordResult => {
  const code = property(result, 'ErrorCode')
  if (code !== undefined && code !== null && code !== '') {
    const name = texts.code(code)
    const message = texts.message(property(result, 'ErrorMessage'))
    return { kind: 'failed', code: name, message: message === '' ? name : message }
  }
  const sequenceNumber = textProperty(result, 'SequenceNumber')
  if (sequenceNumber === undefined) return NOTHING_SAID
  return { kind: 'stored', shardId: textProperty(result, 'ShardId') ?? '', sequenceNumber }
}

const NOTHING_SAID: Failed = Object.freeze({
  kind: 'failed',
  code: NO_SEQUENCE_NUMBER,
  message: 'the answer names neither a sequence number nor an error for this record',
})

/** Texts of one answer: hundreds of records mostly fail for one reason, which is kept once. */
class Texts {
  readonly #codes = new Map<unknown, string>()
  readonly #messages = new Map<string, string>()

  code(value: unknown): string {
    let code = this.#codes.get(value)
    if (code === undefined) {
      code = boundedText(shownAs(value), MAX_CODE_CHARACTERS) || 'Unknown'
      this.#codes.set(value, code)
    }
    return code
  }

  message(value: unknown): string {
    if (typeof value !== 'string') return ''
    let message = this.#messages.get(value)
    if (message === undefined) {
      message = boundedMessage(value)
      this.#messages.set(value, message)
    }
    return message
  }
}

/** What reading an answer threw, as an error; its message may hold a piece of the answer. */
const unreadable = (error: unknown): Error =>
  error instanceof Error
    ? error
    : new SyntaxError(`the answer to PutRecords cannot be read: ${boundedMessage(shownAs(error))}`)
