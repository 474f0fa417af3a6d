import type { CloseResult, Producer } from '@kinesis-producer/core'
import type { FakeService } from './fake-service.js'
import type { Findings } from './findings.js'
import type { Known, Ledger } from './ledger.js'
import type { LifeClock } from './life-clock.js'
import type { Adds, Life } from './lives.js'

/** A life while it is lived: what callbacks may do, and what assertions look at. */
export interface World {
  readonly life: Life
  readonly findings: Findings
  readonly clock: LifeClock
  readonly ledger: Ledger
  readonly service: FakeService
  readonly producer: Producer
  /** Whether its work is done elsewhere: that side learns of calls a little later. */
  readonly isRemote: boolean
  /** Whether a worker was killed: what it had in flight may be anywhere. */
  readonly isKilled: boolean
  readonly closed: readonly CloseResult[]
  /** Adds that wait for capacity, and puts that did. */
  readonly waiting: ReadonlySet<Known>
  /** Shared by all adds until it is aborted. */
  readonly controller: AbortController
  /** Nothing may be called or sent any more. */
  readonly isOver: boolean
  /** Whether a shard may have backed off, and whether poison was ever refused. */
  readonly wasThrottled: boolean
  readonly refusesPoison: boolean
  readonly disposals: number
  statsSeen: number
  reactionsLeft: number
  add(records: Adds): void
  start(): void
  stop(): void
  call(what: 'flush' | 'drain' | 'close', ms: number): void
}
