import { readFileSync } from 'node:fs'
import type { PinoKinesisOptions } from '../options.js'
import { DEFAULTS } from '../options.js'
import { openTransport } from '../transport.js'
import { DryClient } from './dry-client.js'
import { type CliSettings, HELP, readInvocation } from './flags.js'
import { pipeLines } from './pipe.js'
import { replayFile } from './replay-file.js'

const PROGRESS_MS = 500

const say = (text: string): void => {
  process.stderr.write(`pino-kinesis: ${text}\n`)
}

/** Runs the program; resolves with its exit code. */
export const runCli = async (
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> => {
  const invocation = readInvocation(args, env)
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(HELP)
      return 0
    case 'version': {
      const file = new URL('../../package.json', `file://${__dirname}/`)
      process.stdout.write(`${versionIn(readFileSync(file, 'utf8'))}\n`)
      return 0
    }
    case 'run':
      return invocation.settings.replay === undefined
        ? pipe(invocation.settings)
        : replay(invocation.settings, invocation.settings.replay)
  }
}

const versionIn = (json: string): string => {
  const value: unknown = JSON.parse(json)
  return typeof value === 'object' && value !== null && 'version' in value
    ? String(value.version)
    : 'unknown'
}

const replay = async ({ options, quiet }: CliSettings, file: string): Promise<number> => {
  const { delivered, returned } = await replayFile(file, options)
  const rest = returned === 0 ? '' : `; ${returned} not delivered are back in ${file}`
  if (!quiet || rest !== '') say(`${delivered} lines of ${file} delivered${rest}`)
  return rest === '' ? 0 : 1
}

/** The options with a client that sends nothing, in place of what leads to a real one. */
const dry = (options: PinoKinesisOptions) => {
  const client = new DryClient()
  return {
    client,
    options: {
      ...options,
      region: undefined,
      endpoint: undefined,
      credentials: undefined,
      roleArn: undefined,
      roleSessionName: undefined,
      externalId: undefined,
      wireFormat: undefined,
      client,
    },
  }
}

const pipe = async ({ options, echo, dryRun, quiet }: CliSettings): Promise<number> => {
  const rehearsal = dryRun ? dry(options) : undefined
  const resolved: PinoKinesisOptions = {
    statsInterval: 0,
    ...(rehearsal?.options ?? options),
  }
  const transport = openTransport(resolved, { emit: () => {}, warn: say })
  const stop = interrupts(() => process.stdin.destroy())
  const progress = quiet ? undefined : showProgress(() => transport.stats())
  const { bufferSize = DEFAULTS.bufferSize, bufferBytes = DEFAULTS.bufferBytes } = options
  await pipeLines(
    process.stdin,
    transport,
    { bufferSize, bufferBytes },
    echo ? process.stdout : undefined,
    stop,
  )
  const { delivered, loss } = await transport.close()
  progress?.()
  if (loss !== undefined) say(loss)
  if (rehearsal !== undefined)
    say(
      `dry run: ${delivered} lines would have been ${rehearsal.client.records} records of ${rehearsal.client.bytes} bytes`,
    )
  else if (!quiet && process.stderr.isTTY) say(`${delivered} lines delivered`)
  return loss === undefined ? 0 : 1
}

/** The first Ctrl-C (or SIGTERM) ends the reading; a second one the process. */
const interrupts = (end: () => void): AbortSignal => {
  const controller = new AbortController()
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
    end()
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return controller.signal
}

/** A line that is written over and over, on a terminal alone. */
const showProgress = (
  stats: () => { delivered: number; remaining: number; dropped: number },
): (() => void) | undefined => {
  if (!process.stderr.isTTY) return undefined
  const timer = setInterval(() => {
    const { delivered, remaining, dropped } = stats()
    process.stderr.write(
      `\r\u001b[K${delivered} delivered, ${remaining} waiting${dropped > 0 ? `, ${dropped} dropped` : ''}`,
    )
  }, PROGRESS_MS)
  return () => {
    clearInterval(timer)
    process.stderr.write('\r\u001b[K')
  }
}
