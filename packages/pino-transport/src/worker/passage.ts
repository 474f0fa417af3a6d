import { Duplex, Transform } from 'node:stream'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import type { Passage } from '../protocol.js'
import { Deadline } from './deadline.js'

/** Turns of the event loop without a line after which none is between pino's own streams. */
const QUIET_TURNS = 4
/** How long nothing may come out of steps before what is missing counts as unknown. */
const QUIET_MS = 1000
const POLL_MS = 2
const NEWLINE = 10

export const linesIn = (chunk: unknown): number => {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  if (!(bytes instanceof Uint8Array)) return 0
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}

const PASSED: Passage = { unknown: 0, kept: 0, uncounted: false }

/**
 * The first step of a pipeline that the helper makes: it counts what comes in, before any step can
 * filter or delay it.
 */
class Entry {
  bytes = 0
  lines = 0
  #ended = false
  readonly stream: Transform = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      this.bytes += chunk.length
      this.lines += linesIn(chunk)
      done(null, this.#ended ? undefined : chunk)
    },
  })

  /** Ends the steps, so that each gives what it holds, while pino's own end is still to come. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.stream.push(null)
  }
}

/** A helper's worker has one pipeline. */
let entry: Entry | undefined

export const openEntry = (): Transform => {
  entry = new Entry()
  return entry.stream
}

/** Whether each pipeline of this worker has one step before us at most: then that step can be counted. */
const hasOneStepAtMost = (): boolean => {
  const own: unknown = Reflect.get(Object(workerData), 'workerData')
  const pipelines: unknown = Reflect.get(Object(own), 'pipelines')
  return (
    !Array.isArray(pipelines) || pipelines.every(steps => Array.isArray(steps) && steps.length <= 2)
  )
}

/** The way of lines through a worker to one transport, and whether all have come through. */
export class LinePassage {
  #bytes = 0
  #lines = 0
  #chunks = 0
  #ended = false
  /** Lines into the step before us; undefined if nobody counts them. */
  #into: (() => number) | undefined
  #behindSteps = false

  /** @param stream the transport's, to which a pipeline pipes its last step */
  constructor(stream: Duplex) {
    stream.once('pipe', (step: unknown) => {
      this.#behindSteps = true
      const first = entry
      if (first !== undefined) this.#into = () => first.lines
      else if (step instanceof Duplex && hasOneStepAtMost()) this.#into = countLines(step)
    })
  }

  took(chunk: Buffer): void {
    this.#chunks++
    this.#bytes += chunk.length
    if (this.#behindSteps) this.#lines += linesIn(chunk)
  }

  /** The stream's end has come: there is nothing before it any more. */
  ended(): void {
    this.#ended = true
  }

  /**
   * Waits until all lines have come through that were written before.
   * @param bytes what the main thread wrote, if it counts
   * @param ends whether nothing is to come afterwards: then the steps of a pipeline can be ended
   */
  async all(bytes: number | undefined, ends: boolean, deadline: Deadline): Promise<Passage> {
    const come = (): boolean => bytes === undefined || (entry?.bytes ?? this.#bytes) >= bytes
    await this.#until(come, deadline)
    if (!this.#behindSteps) {
      if (bytes === undefined) await this.#quiet()
      return come() ? PASSED : { ...PASSED, uncounted: true }
    }
    if (ends && entry !== undefined) entry.end()
    const into = this.#into
    const missing = (): number => (into === undefined ? 0 : Math.max(0, into() - this.#lines))
    if (entry === undefined) await this.#quiet()
    await this.#steps(() => into !== undefined && missing() === 0, ends, deadline)
    if (this.#ended) return { unknown: 0, kept: missing(), uncounted: !come() }
    const uncounted = into === undefined || missing() > 0 || !come()
    return { unknown: missing(), kept: 0, uncounted }
  }

  /** Pino's own streams pass lines on within a few turns. */
  async #quiet(): Promise<void> {
    let before = -1
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = before === this.#chunks ? quiet + 1 : 0) {
      before = this.#chunks
      await turn()
    }
  }

  async #until(done: () => boolean, deadline: Deadline): Promise<void> {
    for (let turns = 0; !done() && !deadline.over; turns++)
      await (turns < 50 ? turn() : sleep(POLL_MS))
  }

  /** Until all came out, the end came out, or nothing has come for so long that nobody knows. */
  async #steps(all: () => boolean, ends: boolean, deadline: Deadline): Promise<void> {
    let seen = -1
    let quiet = new Deadline(QUIET_MS)
    const done = (): boolean => {
      if (this.#chunks !== seen || stepsAreBusy()) {
        seen = this.#chunks
        quiet = new Deadline(QUIET_MS)
      }
      if (ends && entry !== undefined) return this.#ended
      return all() || quiet.over
    }
    await this.#until(done, deadline)
  }
}

/** Whether a step has lines that it was given and did not take yet. */
const stepsAreBusy = (): boolean => {
  let stage: unknown = entry?.stream
  for (let depth = 0; stage instanceof Duplex && depth < 32; depth++) {
    if (depth > 0 && stage.writableLength > 0) return true
    // What Node keeps under this name is not documented; without it, the wait is shorter.
    const next: unknown = Reflect.get(Object(Reflect.get(stage, '_readableState')), 'pipes')
    stage = Array.isArray(next) ? next[0] : undefined
  }
  return false
}

/** Counts the lines that go into a stream from now on. */
const countLines = (stream: Duplex): (() => number) => {
  let lines = 0
  // oxlint-disable-next-line typescript/unbound-method -- it is called on the stream
  const { write } = stream
  Object.defineProperty(stream, 'write', {
    configurable: true,
    writable: true,
    value: (...args: unknown[]): unknown => {
      lines += linesIn(args[0])
      return Reflect.apply(write, stream, args)
    },
  })
  return () => lines
}
