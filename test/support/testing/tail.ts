import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { readInvocation } from '@kinesis-producer/testing/internal/tail/flags'
import type { TailClock } from '@kinesis-producer/testing/internal/tail/settings'
import { Tail } from '@kinesis-producer/testing/internal/tail/tail'

/** Time that passes when everybody sleeps: the next sleeper wakes a turn later. */
export class JumpingClock implements TailClock {
  time = 1_700_000_000_000
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = []

  now(): number {
    return this.time
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise(wake => {
      this.#sleepers.push({ at: this.time + ms, wake })
      this.#sleepers.sort((a, b) => a.at - b.at)
      signal.addEventListener('abort', () => wake(), { once: true })
      setTimeout(() => this.#next(), 1)
    })
  }

  #next(): void {
    const next = this.#sleepers.shift()
    if (next === undefined) return
    this.time = Math.max(this.time, next.at)
    next.wake()
  }
}

export interface Tailed {
  readonly out: string
  readonly said: readonly string[]
  readonly summary: string
}

export interface TailRun {
  readonly clock?: TailClock
  readonly isTerminal?: boolean
  readonly otlp?: boolean
  readonly signal?: AbortSignal
  /** Called with all that was written so far; false: the reader is gone. */
  readonly onWrite?: (out: string) => boolean | void
}

/** Runs `kinesis-tail` in this process. */
export const runTail = async (
  client: KinesisClient,
  args: readonly string[],
  run: TailRun = {},
): Promise<Tailed> => {
  const clock = run.clock ?? new JumpingClock()
  const invocation = readInvocation(args, clock.now())
  if (invocation.kind === 'help') throw new Error('help')
  const parts: Buffer[] = []
  const said: string[] = []
  const tail = new Tail(invocation.settings, {
    client,
    clock,
    signal: run.signal ?? new AbortController().signal,
    logs: run.otlp === false ? undefined : decodeLogs,
    output: {
      isTerminal: run.isTerminal ?? false,
      colours: false,
      write: data => {
        parts.push(Buffer.from(data))
        const more = run.onWrite?.(Buffer.concat(parts).toString('utf8')) ?? true
        return Promise.resolve(more)
      },
      say: text => void said.push(text),
    },
  })
  const summary = await tail.run()
  return { out: Buffer.concat(parts).toString('utf8'), said, summary }
}
