import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { FakeKinesis } from './endpoint/index.js'
import { type ProgramOptions, type Ran, runProgram } from './run-program.js'

export const PINO_APP = fileURLToPath(new URL('../process/fixtures/pino-app.js', import.meta.url))
export const PINO_CLI = createRequire(import.meta.url)
  .resolve('@kinesis-producer/pino-transport')
  .replace(/index\.js$/, 'cli/main.js')

/** The application of `fixtures/pino-app.ts`: HOW is MODE:END. */
export const runPinoApp = (
  endpoint: string,
  how: string,
  count: number,
  options: object = {},
  nodeArgs: readonly string[] = [],
  fallback = 'stderr',
): Promise<Ran> =>
  runProgram([
    ...nodeArgs,
    PINO_APP,
    endpoint,
    how,
    String(count),
    JSON.stringify(options),
    fallback,
  ])

/** `pino-kinesis`, with credentials. */
export const runPinoKinesis = (
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ran> =>
  runProgram([PINO_CLI, ...args], {
    ...options,
    env: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', ...options.env },
  })

/** That the lines 0 to count - 1 of the application are in the stream, each once and whole. */
export const assertLines = (fake: FakeKinesis, count: number, stream = 's'): void => {
  const texts = fake.texts(stream)
  assert.ok(texts.every(text => text.endsWith('\n')))
  const numbers = texts
    .map(text => (JSON.parse(text) as { i: number; msg: string }).i)
    .toSorted((a, b) => a - b)
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, i) => i),
  )
  assert.match(texts[0] ?? '', /ü😀/)
  assert.deepEqual(fake.violations, [])
}
