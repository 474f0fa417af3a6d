import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { visible } from '../escape.js'
import { isWanted, ReadLine } from './filter.js'
import { Follower } from './follow.js'
import { asJson, asLine, asPretty } from './format.js'
import { LineReader, type LogDecoder } from './lines.js'
import type { TailClock, TailOutput, TailSettings } from './settings.js'
import type { ShardPage, ShardRecord } from './shard-reader.js'
import { Tally } from './tally.js'

const FORMATS = { lines: asLine, pretty: asPretty, json: asJson } as const

export interface TailMeans {
  readonly client: KinesisClient
  readonly clock: TailClock
  readonly output: TailOutput
  /** Ends it, as Ctrl-C does. */
  readonly signal: AbortSignal
  /** Reads OTLP; undefined where the exporter is not installed. */
  readonly logs: LogDecoder | undefined
}

/** One run of `kinesis-tail`. */
export class Tail {
  readonly tally: Tally
  readonly #settings: TailSettings
  readonly #means: TailMeans
  readonly #reader: LineReader
  readonly #done = new AbortController()
  /** Shards that fail at the moment, so that each is told once. */
  readonly #failing = new Set<string>()

  constructor(settings: TailSettings, means: TailMeans) {
    this.#settings = settings
    this.#means = means
    this.#reader = new LineReader(settings.decode, means.logs)
    this.tally = new Tally(means.clock.now())
  }

  /** Resolves at the end, with the summary. Throws what trying again cannot mend. */
  async run(): Promise<string> {
    const { client, clock, signal, output } = this.#means
    const { stream, since, shards } = this.#settings
    const follower = new Follower({
      client,
      stream,
      since,
      shards,
      clock,
      signal: AbortSignal.any([signal, this.#done.signal]),
      onStart: shardId => this.tally.started(shardId),
      onEnd: shardId => this.tally.ended(shardId),
      onPage: page => this.#show(page),
      onRetry: (error, shardId) => {
        this.tally.retries++
        if (this.#failing.has(shardId)) return
        this.#failing.add(shardId)
        output.say(visible(`${shardId}: ${error.name}: ${error.message}; trying again`))
      },
    })
    try {
      await follower.run()
    } catch (error) {
      if (!signal.aborted && !this.#done.signal.aborted) throw error
    }
    return this.tally.summary(clock.now())
  }

  /** True when enough of the shard has been read. */
  async #show(page: ShardPage): Promise<boolean> {
    const { until, follow } = this.#settings
    const { clock } = this.#means
    this.#failing.delete(page.shardId)
    this.tally.read(page)
    for (const record of page.records) {
      if (until !== undefined && (record.arrivedAt ?? 0) >= until) return true
      if (!(await this.#showRecord(record))) return true
    }
    if (!page.atTip) return false
    return !follow || (until !== undefined && clock.now() >= until)
  }

  /** False when nothing more is to be shown. */
  async #showRecord(record: ShardRecord): Promise<boolean> {
    const { output } = this.#means
    for (const line of this.#reader.linesOf(record)) {
      if (this.#done.signal.aborted) return false
      this.tally.lines++
      if (line.corrupt !== undefined) this.tally.corrupt++
      const read = new ReadLine(line)
      if (!isWanted(read, this.#settings)) continue
      this.tally.shown++
      const more = await output.write(FORMATS[this.#settings.format](read, output))
      if (more && this.tally.shown < this.#settings.limit) continue
      this.#done.abort()
      return false
    }
    return true
  }
}
