import { type Answer, readAnswer } from '../client/answer.js'
import type { StreamClient } from '../client/stream-client.js'
import { isUnsent, markUnsent } from '../client/unsent.js'
import { THAW_GRACE_MS } from '../config/tuning.js'
import { RequestTimeoutError } from '../errors/errors.js'
import type { OutgoingRecord } from '../packing/outgoing.js'
import type { BuiltRequest } from '../packing/request-builder.js'
import { afterPolling } from '../time/after-polling.js'
import type { Timers } from '../time/timers.js'

/** How a request ended. Failing is an expected outcome, so it is data and not an exception. */
export type RequestOutcome =
  | Exclude<Answer, { kind: 'unusable' }>
  /** `error`: whatever was thrown. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The records could not be made into a request: nothing left. */
  | { readonly kind: 'unbuilt'; readonly error: unknown }

/** A request in flight. */
export interface InFlightRequest {
  /** Whether the client was called: until then nothing can have left. */
  readonly mayHaveLeft: boolean
  /** Calls the client. Register the request before: the client may be the user's, and call back. */
  start(): void
  /** Gives it up; the outcome no longer matters to anyone. */
  abort(): void
}

/** Puts one request on the wire and reports exactly one outcome. */
export class Sender {
  readonly #client: StreamClient
  readonly #timers: Timers
  readonly #timeout: number

  constructor(client: StreamClient, timers: Timers, requestTimeout: number) {
    this.#client = client
    this.#timers = timers
    this.#timeout = requestTimeout
  }

  /**
   * Makes a request ready to start; its time runs from here.
   * @param needsPlaces whether someone wants to know where the records were stored
   */
  send(
    { records, count }: BuiltRequest,
    needsPlaces: boolean,
    done: (outcome: RequestOutcome) => void,
  ): InFlightRequest {
    const controller = new AbortController()
    let cancelTimer = (): void => {}
    let open = true
    const settle = (outcome: RequestOutcome): void => {
      if (!open) return
      open = false
      cancelTimer()
      done(outcome)
    }

    let isTimedOut = false
    let isCalled = false
    const timedOut = (cause?: unknown): RequestOutcome => {
      const error = new RequestTimeoutError(this.#timeout)
      // The client knows whether anything had left, the deadline does not.
      return { kind: 'failed', error: !isCalled || isUnsent(cause) ? markUnsent(error) : error }
    }
    const expire = (): void => {
      isTimedOut = true
      controller.abort()
      // A client that listens rejects as soon as it is aborted; one that does not is not waited for.
      afterPolling(() => settle(timedOut()))
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

    const called = (): void => {
      isCalled = true
    }
    const start = (): void => {
      this.#call(records, count, needsPlaces, controller.signal, called).then(
        settle,
        (error: unknown) => settle(isTimedOut ? timedOut(error) : { kind: 'failed', error }),
      )
    }
    return {
      start,
      get mayHaveLeft() {
        return isCalled
      },
      abort: () => {
        open = false
        cancelTimer()
        controller.abort()
      },
    }
  }

  async #call(
    records: BuiltRequest['records'],
    sent: number,
    needsPlaces: boolean,
    signal: AbortSignal,
    called: () => void,
  ): Promise<RequestOutcome> {
    let ready: readonly OutgoingRecord[]
    try {
      ready = records instanceof Promise ? await records : records
    } catch (error) {
      return { kind: 'unbuilt', error }
    }
    // Given up while it was being compressed: nothing may leave any more.
    signal.throwIfAborted()
    called()
    const answer = readAnswer(await this.#client.putRecords(ready, signal), sent, needsPlaces)
    return answer.kind === 'unusable' ? { kind: 'failed', error: answer.error } : answer
  }
}
