import { parseArgs } from 'node:util'

export const HELP = `npm run storm -- [options]

Sends records through several producers, each a process of its own, to a Kinesis that fails in every
way at once, reshards, and freezes the producers; then counts what became of each record.

  --minutes N     how long the storm blows (default 1, at most 60)
  --records N     records in all (default 1000000 a minute)
  --producers N   1 to 8 (default 4)
  --seed N        of the faults (default: the time; printed)
  --help          this text

Exit code: 0 the invariant held, 1 it did not, 2 the storm could not run.`

export interface StormArgs {
  readonly help: boolean
  readonly minutes: number
  readonly records: number
  readonly producers: number
  readonly seed: number
}

/** @throws {RangeError} in one sentence that names the option */
export const readArgs = (argv: readonly string[]): StormArgs => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      records: { type: 'string' },
      producers: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const number = (name: keyof typeof values, fallback: number, min: number, max: number) => {
    const given = values[name]
    const value = given === undefined ? fallback : Number(given)
    if (Number.isFinite(value) && value >= min && value <= max) return value
    throw new RangeError(`--${name} must be a number from ${min} to ${max}, not "${given}"`)
  }
  const minutes = number('minutes', 1, 0.05, 60)
  return {
    help: values.help,
    minutes,
    records: Math.ceil(number('records', 1_000_000 * minutes, 1000, 100_000_000)),
    producers: Math.floor(number('producers', 4, 1, 8)),
    seed: Math.floor(number('seed', Date.now() % 1e9, 0, 1e12)),
  }
}
