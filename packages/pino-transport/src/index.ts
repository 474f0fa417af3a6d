import { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import { MAX_EXIT_MS, type PinoKinesisOptions } from './options.js'
import type { Passage } from './protocol.js'
import { sayOnStderr } from './report.js'
import { openTransport, type TransportSummary } from './transport.js'
import { emitOnMain, inPinoWorker, join, warnOnMain } from './worker/channel.js'
import { Deadline } from './worker/deadline.js'
import { outliveNeighbours } from './worker/neighbours.js'
import { LinePassage, openEntry } from './worker/passage.js'
import { SharedEnd } from './worker/shared-end.js'

export type { Oversize, PinoKinesisOptions } from './options.js'
export type { ErrorReport, TransportStats } from './transport.js'
export type { DroppedReport } from './undelivered/loss-reporter.js'

/** The transport's stream; `flush` is what `logger.flush(callback)` reaches. */
export type PinoKinesisStream = Transform & {
  /** Calls back when everything logged so far is delivered, or at `flushTimeout`. Never fails. */
  flush(callback: () => void): void
}

/** Streams of the helper's own, which loads them by the same name. */
const part = (options: unknown): Transform | undefined => {
  const helper: unknown = Reflect.get(Object(options), '$helper')
  if (Reflect.get(Object(helper), 'entry') === true) return openEntry()
  if (Reflect.get(Object(helper), 'sink') === true)
    return new Transform({ transform: (_chunk, _encoding, done) => done() }).resume()
  return undefined
}

/**
 * Pino transport that writes each log line, with its newline, as one record.
 *
 * Delivery failures are never an `error` of the stream: they are the events `kinesis:dropped` and
 * `kinesis:error`, and process warnings, at most one of a kind in 30 s. `kinesis:stats` comes every
 * `statsInterval`.
 * @throws {ConfigError} naming the option that is missing, unknown or wrong
 */
export const pinoKinesis = (options: PinoKinesisOptions): PinoKinesisStream => {
  const own = part(options)
  if (own !== undefined) return Object.assign(own, { flush: (callback: () => void) => callback() })
  let stream: Transform | undefined
  const transport = openTransport(options, {
    warn: warnOnMain,
    emit: (name, payload) => {
      if (inPinoWorker) emitOnMain(name, payload)
      else stream?.emit(name, payload)
    },
  })
  const { closeTimeout, flushTimeout } = transport
  // At the end of the process pino blocks the main thread, and gives up after 10 s.
  const exitTimeout = inPinoWorker ? Math.min(closeTimeout, MAX_EXIT_MS) : closeTimeout
  if (exitTimeout < closeTimeout && inPinoWorker)
    warnOnMain(
      `pino-transport: at the end of the process Pino waits 10 s at most, so closeTimeout ${closeTimeout} is ${MAX_EXIT_MS} there; only the helper's close() waits longer`,
    )

  /** Of a `close` that the helper asked for. */
  let closing: Deadline | undefined
  const sharedEnd = inPinoWorker ? new SharedEnd() : undefined
  let ending: Promise<TransportSummary> | undefined
  const end = (): Promise<TransportSummary> => {
    const timeout = closing?.left ?? exitTimeout
    return (ending ??= transport.close(sharedEnd?.begin(timeout) ?? timeout))
  }

  outliveNeighbours(end)

  const leave = join({
    answer: async ({ kinesis, timeout, bytes }) => {
      if (kinesis === 'stats') return transport.stats()
      const deadline = new Deadline(timeout)
      const closes = kinesis === 'close'
      if (closes) closing ??= deadline
      const passage: Passage = await passages.all(bytes, closes, deadline)
      const told = closes
        ? await transport.close(deadline.left)
        : await transport.flush(deadline.left)
      return { ...told, ...passage }
    },
  })

  stream = build(source => void source.resume(), {
    metadata: false,
    close: async () => {
      const { loss } = await end()
      sharedEnd?.end()
      leave()
      if (loss !== undefined) sayOnStderr(loss)
    },
  })
  const passages = new LinePassage(stream)
  // Its own splitter joins what is left of a line with each chunk again: quadratic on long lines.
  stream._transform = (chunk: Buffer, _encoding, callback) => {
    passages.took(chunk)
    transport.write(chunk)
    callback()
  }
  // A single target is waited for until `close`, but the last step of a pipeline only until its end.
  stream._flush = callback => {
    passages.ended()
    end().then(
      () => callback(),
      () => callback(),
    )
  }
  return Object.assign(stream, {
    flush: (callback: () => void): void => {
      const deadline = new Deadline(flushTimeout)
      passages
        .all(undefined, false, deadline)
        .then(() => transport.flush(deadline.left))
        .then(
          () => callback(),
          () => callback(),
        )
    },
  })
}

export default pinoKinesis
