import { parseArgs } from 'node:util'
import {
  ConfigError,
  checkOneOf,
  exportSpool,
  inspectSpool,
  openProducer,
  type SpoolOwner,
} from '@kinesis-producer/core/adapter'
import { DEFAULTS, OWN_NAMES, UNLISTED_NAMES } from '../options.js'
import { readInvocation } from './flags.js'
import { say } from './say.js'

const COMMANDS = ['inspect', 'verify', 'replay', 'export'] as const

const SPOOL_HELP = `Usage: pino-kinesis spool inspect|verify DIR [--json]
       pino-kinesis spool export DIR
       pino-kinesis spool replay DIR --stream NAME [flags]

What a spool on disk holds. inspect counts it, verify reads all of it as well, export writes the
records that no living process owns to standard output, a line of JSON each, and replay delivers
them. Nothing that a living process owns is touched. Exits with 1 if something is damaged or was not
delivered.
`

/** Runs the command `spool`; resolves with the exit code. */
export const runSpool = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> => {
  const [name, directory, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(SPOOL_HELP)
    return 0
  }
  const command = checkOneOf('spool', name, COMMANDS)
  if (directory === undefined || directory.startsWith('-'))
    throw new ConfigError(
      `spool ${command}: the directory is missing: pino-kinesis spool ${command} DIR`,
    )
  switch (command) {
    case 'inspect':
    case 'verify':
      return inspect(directory, command === 'verify', rest)
    case 'export':
      return writeOut(directory)
    case 'replay':
      return replay(directory, rest, env)
  }
}

const inspect = async (
  directory: string,
  reads: boolean,
  args: readonly string[],
): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: { json: { type: 'boolean' } } })
  const report = await inspectSpool(directory, reads)
  if (values.json === true) process.stdout.write(`${JSON.stringify(report)}\n`)
  else {
    if (report.owners.length === 0) process.stdout.write(`${directory}: nothing is kept\n`)
    for (const owner of report.owners) process.stdout.write(`${describe(owner)}\n`)
    if (report.setAside > 0)
      process.stdout.write(`${directory}/bad: ${report.setAside} files of damaged bytes\n`)
  }
  const isDamaged = report.owners.some(
    ({ damage, unread }) =>
      unread.length > 0 || (damage !== undefined && damage.badPlaces + damage.lost > 0),
  )
  return isDamaged ? 1 : 0
}

const describe = (owner: SpoolOwner): string => {
  const { name, alive, closed, segments, bytes, records, oldest, damage, unread } = owner
  const parts = [
    alive ? 'in use' : closed ? 'closed' : 'left by a process that died',
    `${segments} segments of ${bytes} bytes`,
    records !== undefined && `${records} records`,
    oldest !== undefined && `the oldest of ${new Date(oldest).toISOString()}`,
    damage !== undefined &&
      `${damage.badPlaces} damaged places, ${damage.lost} records lost, ${damage.torn} unfinished ends`,
    ...unread.map(file => `left alone: ${file}`),
  ]
  return `${name}: ${parts.filter(part => part !== false).join('; ')}`
}

const writeOut = async (directory: string): Promise<number> => {
  const { records, badPlaces, lost } = await exportSpool(directory, async record => {
    const { data, ...about } = record
    const isText = typeof data === 'string'
    const shown = isText ? { data } : { base64: Buffer.from(data).toString('base64') }
    if (!process.stdout.write(`${JSON.stringify({ ...shown, ...about })}\n`))
      await new Promise<void>(resolve => process.stdout.once('drain', () => resolve()))
  })
  say(`${records} records of ${directory}; ${badPlaces} damaged places, ${lost} records lost`)
  return badPlaces + lost === 0 ? 0 : 1
}

const replay = async (
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> => {
  const invocation = readInvocation(args, env)
  if (invocation.kind !== 'run') throw new ConfigError('spool replay: give --stream NAME')
  const { closeTimeout = 0, ...options } = invocation.settings.options
  const { producer, release } = openProducer(
    'pino-kinesis',
    {
      logger: { debug: nothing, info: nothing, warn: say, error: say },
      ...options,
      spool: { directory },
    },
    [...OWN_NAMES, ...UNLISTED_NAMES],
    DEFAULTS,
  )
  producer.start()
  await producer.drain(closeTimeout)
  const { kept = 0 } = await producer.close(1)
  const { delivered, dropped } = producer.stats()
  release()
  say(`${delivered} records of ${directory} delivered; ${kept} remain there, ${dropped} dropped`)
  return kept + dropped === 0 ? 0 : 1
}

const nothing = (): void => {}
