import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { PackingConfig } from '@kinesis-producer/core'
import { ConfigError, checkOneOf, show } from '@kinesis-producer/core/adapter/rules'
import type { PinoKinesisOptions } from '../options.js'

/** Flags that become options of the transport: kind, and a line of help. */
const OPTION_FLAGS = {
  stream: ['text', 'NAME', 'name of the stream'],
  'stream-arn': ['text', 'ARN', 'or its ARN'],
  region: ['text', 'REGION', 'default: AWS_REGION or the profile'],
  endpoint: ['text', 'URL', 'an emulator or a VPC endpoint'],
  'role-arn': ['text', 'ARN', 'a role to send with; needs @aws-sdk/credential-providers'],
  'role-session-name': ['text', 'NAME', 'its session; default kinesis-producer'],
  'external-id': ['text', 'ID', 'what its trust policy asks for'],
  packing: ['packing', 'KIND', 'none (default), concat, gzip or kpl'],
  'partition-key': ['text', 'KEY', 'one key for all lines; default: random'],
  'partition-key-field': ['text', 'PATH', 'the field that holds it, such as req.id'],
  'explicit-hash-key': ['text', 'NUMBER', 'for all lines'],
  'min-level': ['level', 'LEVEL', 'leave out lines below: a number or a name'],
  field: ['fields', 'NAME=VALUE', 'put it into each line; may be repeated'],
  oversize: ['text', 'HOW', 'truncate (default), drop or deadLetter'],
  'dead-letter-file': ['text', 'FILE', 'keep what cannot be delivered'],
  'buffer-bytes': ['number', 'BYTES', 'most memory for lines; default 16 MiB'],
  spool: ['spool', 'DIR', 'keep lines on disk until they are delivered'],
  'close-timeout': ['number', 'MS', 'longest wait at the end; default 30000'],
} as const

const HELP_WIDTH = 30
type OptionFlag = keyof typeof OPTION_FLAGS

export interface CliSettings {
  readonly options: PinoKinesisOptions
  readonly echo: boolean
  readonly dryRun: boolean
  readonly quiet: boolean
  readonly replay: string | undefined
}

export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly settings: CliSettings }

const variableOf = (flag: string): string =>
  `PINO_KINESIS_${flag.toUpperCase().replaceAll('-', '_')}`

export const HELP: string = `Usage: app | pino-kinesis --stream NAME [flags]
       pino-kinesis --stream NAME --replay FILE
       pino-kinesis spool inspect|verify|export|replay DIR

Sends each line of standard input to an Amazon Kinesis data stream. Reads to the end of the input,
waits for all deliveries, and exits with 1 if a line was lost, with 2 if it was called wrongly.
Ctrl-C: what was read is delivered; a second one ends at once.

${Object.entries(OPTION_FLAGS)
  .map(([flag, [, value, help]]) => `  ${`--${flag} ${value}`.padEnd(HELP_WIDTH)} ${help}`)
  .join('\n')}
  ${'--settings FILE'.padEnd(HELP_WIDTH)} options of the transport as a JSON file
  ${'--newline, --no-newline'.padEnd(HELP_WIDTH)} end each record with a newline (default) or not
  ${'--echo'.padEnd(HELP_WIDTH)} pass the input through to standard output
  ${'--dry-run'.padEnd(HELP_WIDTH)} send nothing; say what would have been sent
  ${'--replay FILE'.padEnd(HELP_WIDTH)} send a dead letter file again
  ${'--quiet'.padEnd(HELP_WIDTH)} no progress and no summary
  ${'--help, --version'.padEnd(HELP_WIDTH)} this text; the version

Each flag with a value may come from the environment: --stream is PINO_KINESIS_STREAM, and so on.
Flags win over the environment, and that over --settings.
Credentials are found as the AWS SDK finds them (AWS_PROFILE, AWS_ACCESS_KEY_ID, roles).
`

/** @throws {ConfigError} naming the flag */
export const readInvocation = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation => {
  const text = { type: 'string' } as const
  const boolean = { type: 'boolean' } as const
  const { values } = parse(() =>
    parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        ...Object.fromEntries(
          Object.keys(OPTION_FLAGS).map(flag => [flag, { ...text, multiple: flag === 'field' }]),
        ),
        settings: text,
        newline: boolean,
        echo: boolean,
        'dry-run': boolean,
        replay: text,
        quiet: boolean,
        help: { ...boolean, short: 'h' },
        version: boolean,
      },
    }),
  )
  const given = new Map<string, unknown>(Object.entries(values))
  if (given.get('help') === true) return { kind: 'help' }
  if (given.get('version') === true) return { kind: 'version' }
  const options: Record<string, unknown> = settingsOf(given.get('settings'))
  for (const [flag, [kind]] of Object.entries(OPTION_FLAGS)) {
    const value = given.get(flag) ?? env[variableOf(flag)]
    if (value !== undefined && value !== '') options[optionOf(flag)] = valueOf(flag, kind, value)
  }
  const newline = given.get('newline')
  if (newline !== undefined) options['newline'] = newline
  const replay = given.get('replay')
  return {
    kind: 'run',
    settings: {
      options: { closeTimeout: 30_000, ...options },
      echo: given.get('echo') === true,
      dryRun: given.get('dry-run') === true,
      quiet: given.get('quiet') === true,
      replay: typeof replay === 'string' ? replay : undefined,
    },
  }
}

const parse = <T>(work: () => T): T => {
  try {
    return work()
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error))
  }
}

const settingsOf = (file: unknown): Record<string, unknown> => {
  if (typeof file !== 'string') return {}
  const value: unknown = parse(() => JSON.parse(readFileSync(file, 'utf8')))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`--settings: ${file} must hold a JSON object of options`)
  // null means the default, as if it were not there.
  return Object.fromEntries(Object.entries(value).filter(([, own]) => own !== null))
}

const optionOf = (flag: string): string => {
  if (flag === 'stream') return 'streamName'
  if (flag === 'field') return 'fields'
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

const valueOf = (
  flag: string,
  kind: (typeof OPTION_FLAGS)[OptionFlag][0],
  value: unknown,
): unknown => {
  switch (kind) {
    case 'text':
      return value
    case 'number':
      if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value)
      throw new ConfigError(`--${flag} must be a whole number, not ${show(value)}`)
    case 'level':
      return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    case 'packing':
      return packingOf(value)
    case 'spool':
      return { directory: value }
    case 'fields':
      return fieldsOf(Array.isArray(value) ? value : [value])
  }
}

const packingOf = (value: unknown): PackingConfig => {
  const kind = checkOneOf('--packing', value, ['none', 'concat', 'gzip', 'kpl'])
  return kind === 'gzip' ? { kind: 'concat', compression: 'gzip' } : { kind }
}

const fieldsOf = (pairs: readonly unknown[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map(pair => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(String(pair)) ?? []
      if (name === undefined || value === undefined)
        throw new ConfigError(`--field must be NAME=VALUE, not ${show(pair)}`)
      return [name, value]
    }),
  )
