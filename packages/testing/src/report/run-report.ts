import { writeFile } from 'node:fs/promises'
import type { RequestReport } from '@kinesis-producer/core'
import {
  checkFunction,
  checkInteger,
  checkKeys,
  checkMethods,
  checkMilliseconds,
  checkText,
} from '@kinesis-producer/core/adapter/rules'
import type { Mark } from './chart.js'
import { Latencies } from './latencies.js'
import { pageOf } from './page.js'
import { type RunStats, Samples, sampleOf } from './samples.js'

/** A `BatchProducer`, or whatever else tells the same. */
export interface RunSource {
  stats(): RunStats
}

/** Options of `createRunReport`; all optional. */
export interface RunReportOptions {
  /** @default 'A run of the producer' */
  readonly title?: string | undefined
  /** Of the producers, in their order. */
  readonly names?: readonly string[] | undefined
  /**
   * Milliseconds between two looks at `stats()`; 0: only when `sample` is called.
   * @default 250
   */
  readonly interval?: number | undefined
  /**
   * Most samples that are kept, 10..100000; of a longer run each stands for more time.
   * @default 600
   */
  readonly maxSamples?: number | undefined
  /**
   * Milliseconds.
   * @default performance.now
   */
  readonly now?: (() => number) | undefined
}

/** Taken when the module is loaded: in the tests of users, timers are often faked later. */
const { setInterval, clearInterval } = globalThis

/** Watches producers, and draws what happened: one page of HTML that needs nothing else. */
export class RunReport {
  readonly #sources: readonly RunSource[]
  readonly #title: string
  readonly #names: readonly string[]
  readonly #now: () => number
  readonly #startedAt: number
  readonly #samples: Samples
  readonly #latencies = new Latencies()
  readonly #marks: (Mark & { to: number; open: boolean })[] = []
  readonly #timer: NodeJS.Timeout | undefined

  /** @throws {ConfigError} an option is unknown or wrong */
  constructor(sources: RunSource | readonly RunSource[], options: RunReportOptions = {}) {
    checkKeys('RunReportOptions', options, ['title', 'names', 'interval', 'maxSamples', 'now'])
    const { names, now } = options
    if (now !== undefined && now !== null) checkFunction('now', now)
    this.#sources = isList(sources) ? sources : [sources]
    for (const source of this.#sources) checkMethods('producer', source, ['stats'])
    this.#title = checkText('title', options.title, 200) ?? 'A run of the producer'
    this.#names = names ?? []
    this.#now = now ?? (() => performance.now())
    this.#samples = new Samples(checkInteger('maxSamples', options.maxSamples ?? 600, 10, 100_000))
    this.#startedAt = this.#now()
    const interval = checkMilliseconds('interval', options.interval ?? 250, 0)
    this.sample()
    if (interval > 0) this.#timer = setInterval(() => this.sample(), interval).unref()
  }

  /** Looks at the producers now. */
  sample(): void {
    this.#samples.add(
      sampleOf(
        this.#sources.map(source => source.stats()),
        this.#elapsed,
      ),
    )
  }

  /** For the producer's option of that name: without it the report knows no durations. */
  readonly onRequest = ({ duration }: Pick<RequestReport, 'duration'>): void => {
    this.#latencies.add(duration)
  }

  /** Begins a span with a name, such as a fault, and ends the one before; undefined only ends that. */
  mark(label: string | undefined): void {
    const last = this.#marks.at(-1)
    if (last?.open === true) {
      last.to = this.#elapsed
      last.open = false
    }
    if (label === undefined || this.#marks.length >= MAX_MARKS) return
    this.#marks.push({ label, from: this.#elapsed, to: this.#elapsed, open: true })
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** The page, up to now. */
  html(): string {
    this.sample()
    return pageOf({
      title: this.#title,
      samples: this.#samples.list,
      marks: this.#marks.map(mark => (mark.open ? { ...mark, to: this.#elapsed } : mark)),
      latencies: this.#latencies,
      producers: this.#sources.map((source, i) => ({
        name: this.#names[i] ?? String(i + 1),
        stats: source.stats(),
      })),
    })
  }

  /** Looks no more, and writes the page to a file. */
  async write(file: string): Promise<void> {
    this.stop()
    await writeFile(file, this.html())
  }

  get #elapsed(): number {
    return this.#now() - this.#startedAt
  }
}

const MAX_MARKS = 200

const isList = (sources: RunSource | readonly RunSource[]): sources is readonly RunSource[] =>
  Array.isArray(sources)

/**
 * Begins a report of a run of one producer, or several.
 * @throws {ConfigError} an option is unknown or wrong
 */
export const createRunReport = (
  sources: RunSource | readonly RunSource[],
  options?: RunReportOptions,
): RunReport => new RunReport(sources, options)
