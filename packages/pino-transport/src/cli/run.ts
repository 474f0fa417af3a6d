import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PinoKinesisOptions, resolveLineOptions } from '../options.js'
import { openTransport } from '../transport.js'
import { asideOf, unreadableOf } from '../undelivered/replaying.js'
import { dryOptions } from './dry-client.js'
import { type CliSettings, HELP, readInvocation } from './flags.js'
import { pipeLines } from './pipe.js'
import { rehearseReplay, replayFile } from './replay-file.js'
import { say } from './say.js'
import { onSignals } from './signals.js'
import { runSpool } from './spool.js'

const PROGRESS_MS = 500

/** Runs the program; resolves with its exit code. */
export const runCli = async (
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<number> => {
  const [first, ...rest] = args
  if (first === 'spool') return runSpool(rest, env)
  const invocation = readInvocation(args, env)
  switch (invocation.kind) {
    case 'help':
      process.stdout.write(HELP)
      return 0
    case 'version': {
      const file = join(__dirname, '..', '..', 'package.json')
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

const replay = async ({ options, dryRun, quiet }: CliSettings, file: string): Promise<number> => {
  if (dryRun) return rehearse(options, file)
  const { delivered, returned, dropped, unreadable, failures } = await replayFile(file, options)
  const rest = [
    returned > 0 && `${returned} not delivered are back in ${file}`,
    dropped > 0 && `${dropped} too large are dropped`,
    unreadable > 0 && `${unreadable} lines are no letters, and are in ${unreadableOf(file)}`,
    failures.length > 0 &&
      `not all could be put back (${failures.join('; ')}): ${asideOf(file)} holds all of them, and is sent again by the next replay`,
  ].filter(part => part !== false)
  if (!quiet || rest.length > 0)
    say([`${delivered} lines of ${file} delivered`, ...rest].join('; '))
  return rest.length === 0 ? 0 : 1
}

const rehearse = async (options: PinoKinesisOptions, file: string): Promise<number> => {
  const { delivered, undelivered, unreadable, records, bytes } = await rehearseReplay(file, options)
  const rest = [
    undelivered > 0 && `${undelivered} could not be sent`,
    unreadable > 0 && `${unreadable} lines are no letters`,
  ].filter(part => part !== false)
  const would = `dry run: ${delivered} lines of ${file} would be ${records} records of ${bytes} bytes`
  say([would, ...rest].join('; '))
  return rest.length === 0 ? 0 : 1
}

const pipe = async ({ options, echo, dryRun, quiet }: CliSettings): Promise<number> => {
  resolveLineOptions(options)
  const rehearsal = dryRun ? dryOptions(options) : undefined
  const transport = openTransport(
    {
      statsInterval: 0,
      ...(rehearsal?.options ?? options),
      // The input can wait: nothing need be dropped.
      addBlocksWhenBufferFull: undefined,
      whenFull: 'wait',
    },
    { emit: () => {}, warn: say },
  )
  const stop = new AbortController()
  onSignals(
    () => {
      // Nobody but the one who pressed Ctrl-C writes on a terminal.
      if (process.stdin.isTTY) {
        stop.abort()
        process.stdin.destroy()
      } else if (!quiet) say('reading to the end of the input; a second signal ends at once')
    },
    () => {
      const { remaining, lost } = transport.stats()
      return `ended at once: ${remaining + lost} lines were not delivered, and the rest of the input was not read`
    },
  )
  const progress = quiet ? undefined : showProgress(() => transport.stats())
  let unread: string | undefined
  try {
    await pipeLines(process.stdin, transport.feed, echo ? process.stdout : undefined, stop.signal)
  } catch (error) {
    unread = `the input could not be read to its end: ${error instanceof Error ? error.message : String(error)}`
  }
  const { delivered, loss } = await transport.close()
  progress?.()
  if (unread !== undefined) say(unread)
  if (loss !== undefined) say(loss)
  if (rehearsal !== undefined)
    say(
      `dry run: ${delivered} lines would have been ${rehearsal.client.records} records of ${rehearsal.client.bytes} bytes`,
    )
  else if (!quiet && process.stderr.isTTY) say(`${delivered} lines delivered`)
  return loss === undefined && unread === undefined ? 0 : 1
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
