/** Where to begin or to end: the oldest record, now, or a time in milliseconds since 1970. */
export type Since = 'start' | 'now' | number

/** What `kinesis-tail` is to do. */
export interface TailSettings {
  /** A name or an ARN. */
  readonly stream: string
  readonly since: Since
  /** Records that arrived at this time or later are not read. */
  readonly until: number | undefined
  /** False: ends when the end of the stream is reached. */
  readonly follow: boolean
  /** Most lines shown. */
  readonly limit: number
  readonly format: 'lines' | 'pretty' | 'json'
  readonly decode: 'auto' | 'none' | 'concat' | 'kpl' | 'otlp-proto' | 'otlp-json'
  readonly keys: readonly string[]
  readonly shards: readonly string[]
  readonly text: string | undefined
  /** Least rank of a level, as `levelRank` has it. */
  readonly level: number | undefined
}

/** Time, so that tests can run it. */
export interface TailClock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after so long, or at once when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Where lines go, and what is said about them. */
export interface TailOutput {
  /** A terminal acts on control characters: they are escaped for it. */
  readonly isTerminal: boolean
  readonly colours: boolean
  /** Resolves when more may be written; with false when nobody reads any more. */
  write(data: string | Uint8Array): Promise<boolean>
  /** A sentence about the work. */
  say(text: string): void
}
