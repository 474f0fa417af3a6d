import type { ResolvedSpool } from '../config/spool-options.js'
import type { RecordData } from '../record/record.js'
import type { Timers } from '../time/timers.js'
import type { FileSystem } from './file-system.js'
import type { Locks } from './lock.js'

export interface SpoolLog {
  /** Warnings of one kind are told together when there are many. */
  warn(kind: string, message: string): void
  info(message: string): void
}

export interface SpoolPorts {
  readonly fs: FileSystem
  readonly locks: Locks
  readonly timers: Timers
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  /** Identifies the run of the system; zeros: unknown. */
  readonly bootId: Buffer
  readonly options: ResolvedSpool
  readonly log: SpoolLog
  /** Something is different though nobody called: records can be read, or there is room. */
  readonly changed: () => void
  /** So many records that were on disk alone are gone. */
  readonly lost: (count: number) => void
}

/** A record that was read back. */
export interface SpooledRecord {
  readonly id: number
  /** Bytes are valid until the next record is read. */
  readonly data: RecordData
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /** Wall clock. */
  readonly admittedAt: number
  /** An earlier owner may have sent it. */
  readonly maybeSent: boolean
}

/** What can be told about a spool. */
export interface SpoolStats {
  /**
   * `open`: all is well. `full`: `maxBytes` is reached. `failing`: the disk refuses, and new records are
   * in memory alone; it is tried again.
   */
  readonly state: 'open' | 'full' | 'failing'
  /** The sub-directory of this producer; absent while there is none. */
  readonly directory?: string
  /** What the disk said last; absent if nothing has failed. */
  readonly lastError?: string
  /** Records on disk that are not settled, and how many of them are not in memory. */
  readonly records: number
  readonly recordsOnDiskOnly: number
  readonly bytes: number
  readonly segments: number
  /** Records taken over from earlier owners. */
  readonly recovered: number
  /** Records that were on disk alone and could not be read. */
  readonly lost: number
  /** Places with bytes that are no frame, and unfinished frames at the end of a file. */
  readonly badFrames: number
  readonly tornTails: number
  /** Milliseconds that fdatasync takes. */
  readonly fsyncLatency: { readonly p50: number; readonly p99: number; readonly max: number }
}
