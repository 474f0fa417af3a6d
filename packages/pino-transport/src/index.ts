import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import type { PinoKinesisOptions } from './options.js'
import { sayOnStderr } from './report.js'
import { openTransport } from './transport.js'
import { emitOnMain, inPinoWorker, join, warnOnMain } from './worker/channel.js'
import { Deadlines } from './worker/deadlines.js'

export type { Oversize, PinoKinesisOptions } from './options.js'
export type { ErrorReport, TransportStats } from './transport.js'
export type { DroppedReport } from './undelivered/loss-reporter.js'

/** The transport's stream; `flush` is what `logger.flush(callback)` reaches. */
export type PinoKinesisStream = Transform & {
  /** Calls back when everything logged so far is delivered, or at `flushTimeout`. Never fails. */
  flush(callback: () => void): void
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Pino transport that writes each log line, with its newline, as one record.
 *
 * Delivery failures are never an `error` of the stream: they are the events `kinesis:dropped` and
 * `kinesis:error`, and process warnings, at most one of a kind in 30 s. `kinesis:stats` comes every
 * `statsInterval`.
 * @throws {ConfigError} naming the option that is missing, unknown or wrong
 */
export const pinoKinesis = (options: PinoKinesisOptions): PinoKinesisStream => {
  let chunks = 0
  let stream: Transform | undefined
  const transport = openTransport(options, {
    warn: warnOnMain,
    emit: (name, payload) => {
      if (inPinoWorker) emitOnMain(name, payload)
      else stream?.emit(name, payload)
    },
  })

  /** Lines already logged may still be on their way through a pipeline. */
  const arrived = async (): Promise<void> => {
    for (let before = -1; before !== chunks; ) {
      before = chunks
      await turn()
      await turn()
    }
  }
  const deadlines = new Deadlines()
  const leave = join({
    prepare: ({ id, timeout }) => deadlines.start(id, timeout),
    answer: async ({ kinesis, id, timeout }) => {
      if (kinesis === 'stats') return transport.stats()
      await arrived()
      const left = deadlines.take(id, timeout)
      return kinesis === 'close' ? transport.close(left) : transport.flush(left)
    },
  })

  stream = build(source => void source.resume(), {
    metadata: false,
    close: async () => {
      const { loss } = await transport.close()
      leave()
      if (loss !== undefined) sayOnStderr(loss)
    },
  })
  // Its own splitter joins what is left of a line with each chunk again: quadratic on long lines.
  stream._transform = (chunk: Buffer, _encoding, callback) => {
    chunks++
    transport.write(chunk)
    callback()
  }
  // A single target is waited for until `close`, but the last step of a pipeline only until its end.
  stream._flush = callback => {
    transport.close().then(
      () => callback(),
      () => callback(),
    )
  }
  return Object.assign(stream, {
    flush: (callback: () => void): void => {
      arrived()
        .then(() => transport.flush(deadlines.within(transport.flushTimeout)))
        .then(
          () => callback(),
          () => callback(),
        )
    },
  })
}

export default pinoKinesis
