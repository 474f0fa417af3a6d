// Runs the mocha tests of one mutant (or of none) and sends what came of it to runner.mjs.
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core'
import { TestStatus } from '@stryker-mutator/api/test-runner'
import Mocha from 'mocha'

const { files, bail, testFilter, hitLimit, mutant } = JSON.parse(process.argv[2])

// The instrumented code reads and writes this object.
const shared = {}
globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] = shared
if (mutant !== undefined) shared.activeMutant = mutant
if (hitLimit !== undefined) Object.assign(shared, { hitLimit, hitCount: 0 })

/** Prints nothing: nobody reads it. */
function Silent() {}

// Tests move their own clock, so none of them needs long: what still waits then waits for ever.
const mocha = new Mocha({ timeout: 5000, bail, reporter: Silent })
for (const file of files) mocha.addFile(file)
await mocha.loadFilesAsync()

const wanted = testFilter && new Set(testFilter)
mocha.suite.eachTest(test => {
  if (wanted && !wanted.has(test.fullTitle())) test.pending = true
})
mocha.suite.beforeEach(function () {
  shared.currentTestId = this.currentTest.fullTitle()
})
mocha.suite.afterEach(() => {
  shared.currentTestId = undefined
})

const tests = []
const report = (test, result) => {
  const id = test.fullTitle()
  tests.push({ id, name: id, fileName: test.file, timeSpentMs: test.duration ?? 0, ...result })
}
const runner = mocha.run(() => {
  const { mutantCoverage, hitCount } = shared
  process.send({ tests, mutantCoverage, hitCount }, () => process.exit(0))
})
runner.on('pass', test => report(test, { status: TestStatus.Success }))
runner.on('fail', (test, error) =>
  report(test, { status: TestStatus.Failed, failureMessage: String(error) }),
)
