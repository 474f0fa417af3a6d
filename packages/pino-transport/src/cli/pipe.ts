import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import build from 'pino-abstract-transport'
import type { LineTransport } from '../transport.js'

/** Wait for deliveries while more than this share of the buffer is taken: nothing need be dropped. */
const FULL_SHARE = 0.5
const POLL_MS = 100

export interface Limits {
  readonly bufferSize: number
  readonly bufferBytes: number
}

/**
 * Reads the input to its end, or until `stop`, no faster than lines are delivered. With `echo` the
 * bytes go through unchanged; when their reader goes away, reading goes on.
 */
export const pipeLines = async (
  input: Readable,
  transport: LineTransport,
  { bufferSize, bufferBytes }: Limits,
  echo: Writable | undefined,
  stop: AbortSignal,
): Promise<number> => {
  let lines = 0
  const splitter = build(
    source => {
      source.on('data', (line: unknown) => {
        if (typeof line !== 'string' || line === '') return
        lines++
        transport.send(line)
      })
    },
    { parse: 'lines', parseLine: () => ({}), metadata: false },
  )
  let out = echo
  echo?.on('error', () => {
    out = undefined
  })
  const taken = (): boolean => {
    const { remaining, remainingBytes } = transport.stats()
    return remaining > bufferSize * FULL_SHARE || remainingBytes > bufferBytes * FULL_SHARE
  }
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      if (stop.aborted) break
      out?.write(chunk)
      if (!splitter.write(chunk)) await new Promise(resolve => splitter.once('drain', resolve))
      while (taken() && !stop.aborted)
        await Promise.race([transport.flush(POLL_MS), sleep(POLL_MS)])
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
  await new Promise<void>(resolve => splitter.once('close', resolve).end())
  return lines
}
