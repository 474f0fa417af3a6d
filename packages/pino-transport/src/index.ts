import type { Transform } from 'node:stream'
import build from 'pino-abstract-transport'
import type { PinoKinesisOptions } from './options.js'
import { sayOnStderr } from './report.js'
import { openTransport } from './transport.js'
import { emitOnMain, inPinoWorker, join, warnOnMain } from './worker/channel.js'
import { Deadlines } from './worker/deadlines.js'

export type { Oversize, PinoKinesisOptions } from './options.js'
export type { ErrorReport, TransportStats } from './transport.js'
export type { DroppedReport } from './undelivered/undelivered.js'

/** The transport's stream; `flush` is what `logger.flush(callback)` reaches. */
export type PinoKinesisStream = Transform & {
  /** Calls back when everything logged so far is delivered, or at `flushTimeout`. Never fails. */
  flush(callback: () => void): void
}

/** Handed back for each line instead of parsing it: the raw line is what is sent. */
const UNPARSED = Object.freeze({})

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
  let lines = 0
  let stream: Transform | undefined
  const transport = openTransport(options, {
    warn: warnOnMain,
    emit: (name, payload) => {
      if (inPinoWorker) emitOnMain(name, payload)
      else stream?.emit(name, payload)
    },
  })

  /** Lines already logged may still be on their way through a pipeline or the line splitter. */
  const arrived = async (): Promise<void> => {
    for (let before = -1; before !== lines; ) {
      before = lines
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

  stream = build(
    source => {
      source.on('data', (line: unknown) => {
        lines++
        if (typeof line === 'string') transport.send(line)
      })
    },
    {
      parse: 'lines',
      parseLine: () => UNPARSED,
      metadata: false,
      close: async () => {
        const { loss } = await transport.close()
        leave()
        if (loss !== undefined) sayOnStderr(loss)
      },
    },
  )
  deliverBeforeTheEnd(stream, async () => {
    await arrived()
    await transport.close()
  })
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

/**
 * Holds back the stream's `finish` and `end` until its lines are delivered. A single target is waited
 * for until `close`, but the last step of a pipeline only until its end.
 */
const deliverBeforeTheEnd = (stream: Transform, deliver: () => Promise<void>): void => {
  const flush = stream._flush.bind(stream)
  const ended = async (callback: (error?: Error | null) => void, error?: Error | null) => {
    try {
      await deliver()
    } finally {
      callback(error)
    }
  }
  stream._flush = callback =>
    flush((error, data) => {
      if (data !== undefined && data !== null) stream.push(data)
      void ended(callback, error)
    })
}

export default pinoKinesis
