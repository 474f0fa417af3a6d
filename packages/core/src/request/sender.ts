import type { PutRecordsResult } from '../client/client-types.js'
import type { StreamClient } from '../client/stream-client.js'
import { UnreadAnswer } from '../client/unread-answer.js'
import { RequestTimeoutError, ShortResponseError } from '../errors/errors.js'
import type { OutgoingRecord } from '../packing/outgoing.js'
import type { Timers } from '../time/timers.js'

/** How a request ended. Failing is an expected outcome, so it is data and not an exception. */
export type Outcome =
  | {
      readonly kind: 'answered'
      /** One result per record; reading them may cost a parse. */
      readonly results: () => readonly PutRecordsResult[]
      readonly failed: number
    }
  | { readonly kind: 'failed'; readonly error: unknown }

/** A request under way. */
export interface Flight {
  /** Gives it up; the outcome no longer matters to anyone. */
  abort(): void
}

/** How long an overdue timer waits for an answer that may already lie in the socket. */
const THAW_GRACE_MS = 1000

/** Puts one batch on the wire and reports exactly one outcome. */
export class Sender {
  readonly #client: StreamClient
  readonly #timers: Timers
  readonly #timeout: number

  constructor(client: StreamClient, timers: Timers, timeout: number) {
    this.#client = client
    this.#timers = timers
    this.#timeout = timeout
  }

  /** @param records a promise while they are being compressed */
  send(
    records: readonly OutgoingRecord[] | Promise<readonly OutgoingRecord[]>,
    done: (outcome: Outcome) => void,
  ): Flight {
    const controller = new AbortController()
    let cancelTimer: (() => void) | undefined
    let open = true
    const settle = (outcome: Outcome): void => {
      if (!open) return
      open = false
      cancelTimer?.()
      done(outcome)
    }

    const expire = (): void => {
      settle({ kind: 'failed', error: new RequestTimeoutError(this.#timeout) })
      controller.abort()
    }
    if (this.#timeout > 0) {
      const due = this.#timers.now() + this.#timeout
      cancelTimer = this.#timers.after(this.#timeout, () => {
        // Long overdue: the process was frozen, and the answer may have come meanwhile. Timers run
        // before sockets are read, so give the socket a turn before calling it lost.
        const frozen = this.#timers.now() - due > THAW_GRACE_MS
        if (frozen) cancelTimer = this.#timers.after(THAW_GRACE_MS, expire)
        else expire()
      })
    }

    this.#call(records, controller.signal).then(settle, (error: unknown) =>
      settle({ kind: 'failed', error }),
    )
    return {
      abort: () => {
        open = false
        cancelTimer?.()
        controller.abort()
      },
    }
  }

  /** A client may also throw instead of rejecting. */
  async #call(
    packed: readonly OutgoingRecord[] | Promise<readonly OutgoingRecord[]>,
    abortSignal: AbortSignal,
  ): Promise<Outcome> {
    const records = packed instanceof Promise ? await packed : packed
    const sent = records.length
    const response = await this.#client.putRecords(records, abortSignal)
    return outcomeOf(response, sent)
  }
}

/** Checks an answer before anything is believed of it: a lost result must not pass for a delivery. */
const outcomeOf = (response: unknown, sent: number): Outcome => {
  if (response instanceof UnreadAnswer)
    return { kind: 'answered', results: () => response.Records ?? [], failed: 0 }
  const results: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'Records') : undefined
  if (!Array.isArray(results) || results.length !== sent) {
    return {
      kind: 'failed',
      error: new ShortResponseError(sent, Array.isArray(results) ? results.length : 0),
    }
  }
  let failed = 0
  for (const result of results) if (!isStored(result)) failed++
  return { kind: 'answered', results: () => results, failed }
}

/** A record counts as stored only if the service names its place. */
export const isStored = (result: PutRecordsResult | null | undefined): boolean =>
  result?.ErrorCode === undefined || result.ErrorCode === null
    ? typeof result?.SequenceNumber === 'string' && result.SequenceNumber !== ''
    : false
