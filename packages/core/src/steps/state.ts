/**
 * The one state of a producer.
 *
 * - `idle`: made or stopped; keeps its records, sends nothing, admits nothing.
 * - `running`: admits and sends.
 * - `stopping`: admits nothing, waits for the requests in flight.
 * - `flushing`: admits nothing, sends everything as fast as it can, then `idle`.
 * - `closing`: as `flushing`, then `closed`.
 * - `closed`: for good.
 */
export type State = 'idle' | 'running' | 'stopping' | 'flushing' | 'closing' | 'closed'

export type Step = 'start' | 'stop' | 'flush' | 'close' | 'ended'

/** Every step a state allows. What is not here is refused by the caller's own error. */
const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<Step, State>>>>> = {
  idle: { start: 'running', flush: 'flushing', close: 'closing' },
  running: { stop: 'stopping', flush: 'flushing', close: 'closing' },
  stopping: { ended: 'idle', flush: 'flushing', close: 'closing' },
  flushing: { ended: 'idle', flush: 'flushing', close: 'closing' },
  closing: { ended: 'closed', flush: 'closing', close: 'closing' },
  closed: {},
}

/** The one place that holds the state and changes it. */
export class StateMachine {
  #state: State = 'idle'

  get current(): State {
    return this.#state
  }

  /** Whether requests may leave. */
  get sends(): boolean {
    return this.#state === 'running' || this.#state === 'flushing' || this.#state === 'closing'
  }

  /** Takes a step; false when it is not allowed now, and nothing has changed. */
  step(step: Step): boolean {
    const next = TRANSITIONS[this.#state][step]
    if (next === undefined) return false
    this.#state = next
    return true
  }
}
