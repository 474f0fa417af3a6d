import type { FaultKind } from './faults/faults.js'

/** The newest are kept. */
const MAX_ENTRIES = 10_000
const MAX_VIOLATIONS = 1000

/** A request, as it was met. */
export interface RequestEntry {
  /** Counts requests of this operation from 1. */
  readonly number: number
  readonly operation: string
  readonly stream: string
  readonly records: number
  /** 0 while nothing was answered, and forever if nothing ever was. */
  readonly status: number
  readonly fault: FaultKind
  /** The limit of the service it broke, if any. */
  readonly violation: string | undefined
}

/** What an endpoint counted since it started. */
export interface Counts {
  readonly requests: number
  readonly putRequests: number
  /** Records accepted, and the bytes of their data. */
  readonly records: number
  readonly bytes: number
  /** Records refused by an enforced shard limit. */
  readonly throttled: number
  /** Records failed by a fault. */
  readonly failed: number
  readonly violations: number
  /** Most PutRecords requests open at one time. */
  readonly maxConcurrent: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Waiter {
  readonly reached: () => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** What happened at an endpoint, and a way to wait for it without a clock. */
export class RequestLog {
  readonly counts: Mutable<Counts> = {
    requests: 0,
    putRequests: 0,
    records: 0,
    bytes: 0,
    throttled: 0,
    failed: 0,
    violations: 0,
    maxConcurrent: 0,
  }
  readonly entries: Mutable<RequestEntry>[] = []
  readonly violations: string[] = []
  readonly #keep: boolean
  readonly #numbers = new Map<string, number>()
  readonly #waiters = new Set<Waiter>()
  #open = 0

  constructor(keep: boolean) {
    this.#keep = keep
  }

  begin(operation: string, stream: string, records: number): Mutable<RequestEntry> {
    const number = (this.#numbers.get(operation) ?? 0) + 1
    this.#numbers.set(operation, number)
    const entry: Mutable<RequestEntry> = {
      number,
      operation,
      stream,
      records,
      status: 0,
      fault: 'ok',
      violation: undefined,
    }
    if (this.#keep && this.entries.push(entry) > MAX_ENTRIES * 2)
      this.entries.splice(0, MAX_ENTRIES)
    this.counts.requests++
    if (operation === 'PutRecords') {
      this.counts.putRequests++
      this.counts.maxConcurrent = Math.max(this.counts.maxConcurrent, ++this.#open)
    }
    return entry
  }

  end(entry: Mutable<RequestEntry>, status: number): void {
    entry.status = status
    if (entry.operation === 'PutRecords') this.#open--
    this.notify()
  }

  violation(entry: Mutable<RequestEntry>, text: string): void {
    entry.violation = text
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(text)
    this.counts.violations++
  }

  /** Wakes those whose condition holds now. */
  notify(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.reached()) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  waitUntil(reached: () => boolean): Promise<void> {
    if (reached()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiters.add({ reached, resolve, reject }))
  }

  close(): void {
    for (const { reject } of this.#waiters)
      reject(new Error('the endpoint was closed before it happened'))
    this.#waiters.clear()
  }
}
