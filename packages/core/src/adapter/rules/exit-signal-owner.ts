import { constants } from 'node:os'

interface Closer {
  readonly close: (signal: NodeJS.Signals) => unknown
  readonly flush: (signal: NodeJS.Signals) => unknown
  readonly timeoutMs: number
  readonly signals: readonly NodeJS.Signals[]
}

/** What copies of this package in one process share. */
export interface ExitSignals {
  register(closer: Closer): () => void
}

/** Signals of one Ctrl-C come within this time: the terminal and npm both send one. */
const SAME_MS = 1000
/** Longest time between the call of `kill` and the end. */
const SPARED_MS = 100

type State =
  | { readonly kind: 'idle' }
  /** The process ends when the closers are done. */
  | { readonly kind: 'closing'; readonly since: number }
  | { readonly kind: 'over' }

/** The only listener for signals that our packages have in a process. */
export class ExitSignalOwner implements ExitSignals {
  readonly #closers = new Set<Closer>()
  readonly #listening = new Set<NodeJS.Signals>()
  #state: State = { kind: 'idle' }
  /** Set while the application's own calls of `process.kill` for this process are held. */
  #kill: typeof process.kill | undefined
  #held: typeof process.kill | undefined
  /** The signal comes to the application's handlers just now. */
  #others: { readonly signal: NodeJS.Signals; raised: boolean } | undefined

  register(closer: Closer): () => void {
    this.#closers.add(closer)
    for (const signal of closer.signals) this.#listen(signal)
    return () => {
      this.#closers.delete(closer)
      this.#tidy()
    }
  }

  readonly #handle = (signal: NodeJS.Signals): void => {
    const { kind } = this.#state
    if (kind === 'over') return
    if (kind === 'closing') {
      if (performance.now() - this.#state.since > SAME_MS) this.#end(signal)
      return
    }
    // Prepended, so the handlers of others come after this, and in the same event. They see the
    // process without us: those that end it when nobody else listens (signal-exit) say so now.
    this.#ignore(signal)
    if (process.listenerCount(signal) === 0) {
      this.#listen(signal)
      this.#closeAll(signal)
      return
    }
    this.#holdKill()
    const others = { signal, raised: false }
    this.#others = others
    process.nextTick(() => {
      this.#others = undefined
      if (this.#wanted(signal)) this.#listen(signal)
      if (others.raised) this.#closeAll(signal)
      else this.#flushAll(signal)
    })
  }

  #closeAll(signal: NodeJS.Signals): void {
    if (this.#state.kind !== 'idle') return
    this.#state = { kind: 'closing', since: performance.now() }
    // From now on, what the application wants is known.
    this.#holdKill()
    void this.#closed(signal, new Set()).then(() => this.#end(signal))
  }

  /** Also closes what is registered meanwhile. */
  async #closed(signal: NodeJS.Signals, done: Set<Closer>): Promise<void> {
    const open = [...this.#closers].filter(
      closer => !done.has(closer) && closer.signals.includes(signal),
    )
    if (open.length === 0) return
    for (const closer of open) done.add(closer)
    await Promise.all(open.map(closer => closedInTime(closer, signal)))
    await this.#closed(signal, done)
  }

  #flushAll(signal: NodeJS.Signals): void {
    for (const closer of this.#closers)
      if (closer.signals.includes(signal)) void settled(() => closer.flush(signal))
    this.#tidy()
  }

  #end(signal: NodeJS.Signals): void {
    if (this.#state.kind === 'over') return
    this.#state = { kind: 'over' }
    for (const one of this.#listening) this.#ignore(one)
    this.#releaseKill()
    process.kill(process.pid, signal)
    // Still there: somebody listens after all, or it is the first process of a container, which the
    // kernel spares. All has been closed, so the latter ends in the other way.
    this.#state = { kind: 'idle' }
    if (process.listenerCount(signal) === 0)
      setTimeout(() => process.exit(128 + constants.signals[signal]), SPARED_MS)
  }

  #ends(signal: NodeJS.Signals): boolean {
    return this.#state.kind === 'closing' || this.#wanted(signal)
  }

  #wanted(signal: NodeJS.Signals): boolean {
    return [...this.#closers].some(({ signals }) => signals.includes(signal))
  }

  #listen(signal: NodeJS.Signals): void {
    if (this.#listening.has(signal)) return
    this.#listening.add(signal)
    process.prependListener(signal, this.#handle)
  }

  #ignore(signal: NodeJS.Signals): void {
    this.#listening.delete(signal)
    process.off(signal, this.#handle)
  }

  #tidy(): void {
    if (this.#state.kind !== 'idle') return
    for (const signal of this.#listening) if (!this.#wanted(signal)) this.#ignore(signal)
    if (this.#closers.size === 0) this.#releaseKill()
  }

  /** From a signal on, a call that sends one to this process is the application's decision to end it. */
  #holdKill(): void {
    if (this.#kill !== undefined) return
    // oxlint-disable-next-line typescript/unbound-method -- it is called on `process`, and put back as it was
    const kill = process.kill
    this.#kill = kill
    const held: typeof process.kill = (pid, signal) => {
      const name = nameOf(signal)
      if (this.#kill !== kill || pid !== process.pid || name === undefined || !this.#ends(name))
        return kill.call(process, pid, signal)
      if (this.#others?.signal === name) this.#others.raised = true
      else this.#closeAll(name)
      return true
    }
    this.#held = held
    process.kill = held
  }

  #releaseKill(): void {
    // Somebody may have wrapped it meanwhile: then ours stays below and only passes on.
    if (this.#kill !== undefined && process.kill === this.#held) process.kill = this.#kill
    this.#kill = undefined
  }
}

const isSignal = (name: string): name is NodeJS.Signals => Object.hasOwn(constants.signals, name)

const NAMES: ReadonlyMap<number, NodeJS.Signals> = new Map(
  Object.entries(constants.signals).flatMap(([name, number]) =>
    isSignal(name) ? [[number, name]] : [],
  ),
)

const nameOf = (signal: string | number = 'SIGTERM'): NodeJS.Signals | undefined => {
  if (typeof signal === 'number') return NAMES.get(signal)
  return isSignal(signal) ? signal : undefined
}

const settled = async (work: () => unknown): Promise<void> => {
  try {
    await work()
  } catch {
    // Its own business.
  }
}

/** The timer also keeps the process alive while a closer waits for something that does not. */
const closedInTime = async (closer: Closer, signal: NodeJS.Signals): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, closer.timeoutMs)
  })
  await Promise.race([settled(() => closer.close(signal)), late])
  clearTimeout(timer)
}
