// A test runner for StrykerJS, whose own one for mocha knows mocha up to 11: each mutant gets a
// process of its own (nothing of an earlier one is left over) that runs only the tests that reach it.
import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))

/** Which file holds a test: written by the first run, read by the workers. In the sandbox. */
const PLACES = 'build/test-places.json'

class ProcessPerMutant {
  static inject = ['options']
  #files
  #children = new Set()
  #places

  constructor(options) {
    this.#files = options.processPerMutant.files
  }

  capabilities() {
    return { reloadEnvironment: true }
  }

  async dryRun({ timeout }) {
    const result = await this.#run({ files: this.#files, bail: true }, timeout)
    if (result.status !== 'complete') return result
    writeFileSync(PLACES, JSON.stringify(result.tests.map(({ id, fileName }) => [id, fileName])))
    // StrykerJS looks for the tests' files among those it mutates, and warns.
    return { ...result, tests: result.tests.map(({ fileName: _place, ...test }) => test) }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, timeout }) {
    this.#places ??= new Map(JSON.parse(readFileSync(PLACES, 'utf8')))
    const wanted = new Set(testFilter?.map(id => this.#places.get(id)))
    const files = this.#files.filter(file => testFilter === undefined || wanted.has(file))
    const plan = { files, bail: true, testFilter, hitLimit, mutant: activeMutant.id }
    return toMutantRunResult(await this.#run(plan, timeout))
  }

  dispose() {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #run(plan, timeout) {
    return new Promise(resolve => {
      const child = fork(CHILD, [JSON.stringify(plan)], {
        execArgv: ['--conditions=@kinesis-producer/internal'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        serialization: 'advanced',
      })
      this.#children.add(child)
      let answer
      let errors = ''
      child.stderr.on('data', data => {
        if (errors.length < 10_000) errors += data
      })
      child.on('message', message => {
        answer = message
      })
      let late = false
      // A little before StrykerJS gives this worker up and starts another.
      const timer = setTimeout(
        () => {
          late = true
          child.kill('SIGKILL')
        },
        Math.max(timeout - 250, 100),
      )
      child.on('error', error => {
        errors += error.message
      })
      child.on('close', () => {
        clearTimeout(timer)
        this.#children.delete(child)
        if (late) resolve({ status: 'timeout' })
        else resolve(outcome(answer, plan, errors))
      })
    })
  }
}

const outcome = (answer, plan, errors) => {
  if (answer !== undefined) {
    const { tests, mutantCoverage, hitCount } = answer
    const endless = determineHitLimitReached(hitCount, plan.hitLimit)
    if (endless !== undefined) return endless
    if (tests.length > 0) return { status: 'complete', tests, mutantCoverage }
    return { status: 'error', errorMessage: `no test ran in ${plan.files.join(' ')}` }
  }
  if (plan.mutant === undefined) return { status: 'error', errorMessage: errors }
  // The mutant took the process down, or the tests could not even be loaded with it.
  const test = { id: 'load', name: 'load', timeSpentMs: 0, status: TestStatus.Failed }
  return { status: 'complete', tests: [{ ...test, failureMessage: errors }] }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'process-per-mutant', ProcessPerMutant),
]
