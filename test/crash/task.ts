import type { SpoolFsync, SpoolStats } from '@kinesis-producer/core'

/** What a process of the crash run is told. */
export interface VictimTask {
  readonly endpoint: string
  readonly stream: string
  readonly directory: string
  readonly fsync: SpoolFsync
  readonly bufferSize: number
  readonly from: number
  readonly adds: 'awaited' | 'bursts' | 'none'
}

/** What one says that delivered all there was. */
export interface Delivered {
  readonly possibleDuplicates: number
  readonly remaining: number
  readonly dropped: number
  readonly kept: number
  readonly spool: SpoolStats
}

export const TASK_END = 'end'
export const KEYS = 50
