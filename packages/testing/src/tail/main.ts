#!/usr/bin/env node
import { setTimeout as wait } from 'node:timers/promises'
import { createKinesisClient } from '@kinesis-producer/core'
import { HELP, readInvocation } from './flags.js'
import type { LogDecoder } from './lines.js'
import type { TailClock } from './settings.js'
import { Tail } from './tail.js'
import { Terminal } from './terminal.js'

const STATUS_MS = 1000

const CLOCK: TailClock = {
  now: Date.now,
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
}

/** OTLP is read where the exporter is installed. */
const findLogDecoder = async (): Promise<LogDecoder | undefined> => {
  try {
    const { decodeLogs } = await import('@kinesis-producer/otel-exporter/decode')
    return decodeLogs
  } catch {
    return undefined
  }
}

const run = async (): Promise<void> => {
  const invocation = readInvocation(process.argv.slice(2), CLOCK.now())
  if (invocation.kind === 'help') {
    process.stdout.write(HELP)
    return
  }
  const { settings, region, endpoint, quiet } = invocation
  const logs = await findLogDecoder()
  if (logs === undefined && settings.decode.startsWith('otlp'))
    throw new Error(`--decode ${settings.decode} needs the package @kinesis-producer/otel-exporter`)
  const output = new Terminal(quiet)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(1) : stop.abort()))
  const client = createKinesisClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
  })
  const tail = new Tail(settings, { client, clock: CLOCK, output, signal: stop.signal, logs })
  const timer = setInterval(() => output.draw(tail.tally.status(CLOCK.now())), STATUS_MS)
  try {
    const summary = await tail.run()
    if (!quiet) output.say(summary)
  } finally {
    clearInterval(timer)
    client.destroy()
  }
}

run().catch((error: unknown) => {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const isUsage = name === 'ConfigError'
  process.stderr.write(
    `kinesis-tail: ${isUsage || name === 'Error' ? '' : `${name}: `}${message}\n`,
  )
  process.exitCode = isUsage ? 2 : 1
})
