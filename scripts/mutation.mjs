// npm run mutation -- FOLDER|FILE... : changes the core in small ways, one at a time, and names
// those that no test notices. FOLDER is one of packages/core/src (`queue`), FILE lies in one
// (`queue/key-order.ts`). `--tests TEXT` runs only tests with that text in their path.
// The tests for each folder: mutation/tests.mjs. Takes minutes; no part of CI.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import { filesIn } from './files.mjs'
import { makeSandbox } from './mutation/sandbox.mjs'
import { PROPERTY, testsFor } from './mutation/tests.mjs'

/** Percent of the mutants that tests have to notice, for each target. */
const REQUIRED = 85

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
const SOURCES = 'packages/core/src'
process.chdir(root)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tests: { type: 'string' } },
})

/** `queue`, `queue/key-order`, `packages/core/src/queue/key-order.ts` -> the path in src. */
const toTarget = argument => {
  const path = argument.replace(/^(\.\/)?packages\/core\/src\//, '').replace(/\/$/, '')
  return [path, `${path}.ts`].find(candidate => existsSync(`${SOURCES}/${candidate}`))
}

const targets = positionals.map(toTarget)
if (targets.length === 0 || targets.includes(undefined)) {
  const folders = readdirSync(SOURCES, { withFileTypes: true }).filter(entry => entry.isDirectory())
  console.error(`npm run mutation -- FOLDER|FILE...: folders of ${SOURCES} or files in them`)
  console.error(`  ${folders.map(entry => entry.name).join(' ')}`)
  process.exit(2)
}

/** Every mutant of the target, with its status. */
const mutate = async target => {
  const path = `${SOURCES}/${target}`
  const sources = statSync(path).isDirectory() ? filesIn(path, '.ts') : [path]
  const files = testsFor(target, values.tests)
  const sandbox = `${root}/build/mutation/${target.replaceAll('/', '-')}`
  makeSandbox(root, sandbox)
  process.chdir(sandbox)
  try {
    return await new Stryker({
      mutate: sources,
      inPlace: true,
      ignorePatterns: ['**', '!packages/core/src/**'],
      buildCommand: 'tsc -p packages/core',
      disableTypeChecks: false,
      plugins: [`${root}/scripts/mutation/runner.mjs`],
      testRunner: 'process-per-mutant',
      processPerMutant: { files },
      warnings: { unknownOptions: false },
      coverageAnalysis: 'perTest',
      concurrency: 2,
      timeoutMS: 3000,
      reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only'],
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in the types only
      logLevel: 'warn',
      allowConsoleColors: false,
      cleanTempDir: 'always',
      thresholds: { high: 100, low: REQUIRED, break: null },
    }).runMutationTest()
  } finally {
    process.chdir(root)
  }
}

/** What the mutant replaced. */
const original = ({ fileName, location: { start, end } }) => {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  return lines.join(' ')
}

const brief = text => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 70 ? `${line.slice(0, 69)}…` : line
}

const KILLED = new Set(['Killed', 'Timeout'])
const ALIVE = new Map([
  ['Survived', 'survived'],
  ['NoCoverage', 'no test reaches it'],
])

/** Prints the survivors and the score of a target and returns the score. */
const report = (target, mutants) => {
  const alive = mutants.filter(({ status }) => ALIVE.has(status))
  const killed = mutants.filter(({ status }) => KILLED.has(status))
  const position = ({ location: { start } }) => start.line * 1000 + start.column
  alive.sort((a, b) =>
    a.fileName === b.fileName ? position(a) - position(b) : a.fileName < b.fileName ? -1 : 1,
  )
  for (const mutant of alive) {
    const file = mutant.fileName.replaceAll('\\', '/').replace(/^.*(?=packages\/core\/src\/)/, '')
    const to = brief(mutant.replacement)
    console.log(
      `${file}:${mutant.location.start.line}  ${ALIVE.get(mutant.status)}: ${brief(original(mutant))}  =>  ${to}`,
    )
  }
  const total = alive.length + killed.length
  const score = total === 0 ? 100 : (100 * killed.length) / total
  const late = mutants.filter(({ status }) => status === 'Timeout').length
  console.log(
    `${target}: ${score.toFixed(1)} %, ${killed.length} of ${total} killed (${late} by time), ${mutants.length - total} not run`,
  )
  return score
}

Object.assign(process.env, PROPERTY)
const started = performance.now()
const results = []
try {
  for (const target of targets) results.push([target, await mutate(target)])
} catch (error) {
  console.error(`mutation: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(2)
}
console.log()
const scores = results.map(([target, mutants]) => report(target, mutants))
const seconds = (performance.now() - started) / 1000
const count = results.reduce((sum, [, mutants]) => sum + mutants.length, 0)
console.log(`${count} mutants in ${seconds.toFixed(0)} s`)
process.exitCode = scores.every(score => score >= REQUIRED) ? 0 : 1
