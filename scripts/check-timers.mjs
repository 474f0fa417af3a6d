// Runs the packed core under the fake timers of the test runners its users have.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'kinesis-timers-'))
const windows = process.platform === 'win32'

const run = (command, args, cwd) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
    timeout: 120_000,
    env: { ...process.env, CI: '1', NO_COLOR: '1' },
  })
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}${error?.message ?? ''}`)
  }
}

const IMPORT = `
import { createRequire } from 'node:module'
import { BatchProducer } from '@kinesis-producer/core'
const scenarios = createRequire(import.meta.url)('./timer-scenarios.cjs')
`
const EVERYTHING = `[
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate',
  'Date', 'performance', 'nextTick', 'queueMicrotask', 'hrtime',
]`
const RUNNERS = [
  {
    name: 'vitest',
    // Only threads let process.nextTick be faked.
    args: ['node_modules/vitest/vitest.mjs', 'run', '--pool=threads', 'sample.vitest.test.mjs'],
    file: 'sample.vitest.test.mjs',
    sample: `${IMPORT}
import { test, vi } from 'vitest'
for (const [name, scenario] of Object.entries(scenarios)) {
  for (const options of [undefined, { toFake: ${EVERYTHING} }]) {
    test(name, async () => {
      vi.useFakeTimers(options)
      try {
        await scenario(BatchProducer, ms => vi.advanceTimersByTimeAsync(ms))
      } finally {
        vi.useRealTimers()
      }
    })
  }
}`,
  },
  {
    name: 'jest',
    args: ['node_modules/jest/bin/jest.js', '--rootDir=.', 'sample.jest.test.cjs'],
    file: 'sample.jest.test.cjs',
    // Fakes everything by default.
    sample: `
const { BatchProducer } = require('@kinesis-producer/core')
for (const [name, scenario] of Object.entries(require('./timer-scenarios.cjs'))) {
  test(name, async () => {
    jest.useFakeTimers()
    try {
      await scenario(BatchProducer, ms => jest.advanceTimersByTimeAsync(ms))
    } finally {
      jest.useRealTimers()
    }
  })
}`,
  },
  {
    name: 'node:test',
    args: ['--test', 'sample.node.test.mjs'],
    file: 'sample.node.test.mjs',
    sample: `${IMPORT}
import { test } from 'node:test'
import { access } from 'node:fs/promises'
for (const [name, scenario] of Object.entries(scenarios)) {
  for (const apis of [['setTimeout'], ['setTimeout', 'setInterval', 'setImmediate', 'Date']]) {
    test(name, async t => {
      t.mock.timers.enable({ apis })
      await scenario(BatchProducer, async ms => {
        t.mock.timers.tick(ms)
        for (let i = 0; i < 5; i++) await access('.')
      })
    })
  }
}`,
  },
  {
    name: 'sinon',
    args: ['sample.sinon.mjs'],
    file: 'sample.sinon.mjs',
    sample: `${IMPORT}
import sinon from 'sinon'
for (const scenario of Object.values(scenarios)) {
  for (const options of [undefined, { toFake: ${EVERYTHING} }]) {
    const clock = sinon.useFakeTimers(options)
    try {
      await scenario(BatchProducer, ms => clock.tickAsync(ms))
    } finally {
      clock.restore()
    }
  }
}
// The clock itself as the producer's, with nothing of the process faked.
const clock = sinon.useFakeTimers({ toFake: [] })
class WithClock extends BatchProducer {
  constructor(client, stream, config) {
    super(client, stream, { ...config, clock })
  }
}
for (const scenario of Object.values(scenarios)) {
  await scenario(WithClock, ms => clock.tickAsync(ms))
}`,
  },
]

let failed = 0
try {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const tarball = join(work, 'core.tgz')
  run('npx', ['--yes', packageManager, 'pack', '--out', tarball], join(root, 'packages/core'))
  writeFileSync(
    join(work, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: {
        '@kinesis-producer/core': `file:${tarball}`,
        // The last line of each that runs on Node 20.
        jest: '30.5.2',
        sinon: '22.1.0',
        vitest: '4.1.12',
      },
      jest: { testMatch: ['**/*.jest.test.cjs'], moduleFileExtensions: ['js', 'cjs', 'json'] },
    }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], work)
  cpSync(join(root, 'test/packages/timer-scenarios.cjs'), join(work, 'timer-scenarios.cjs'))
  for (const { name, args, file, sample } of RUNNERS) {
    writeFileSync(join(work, file), sample)
    try {
      run(process.execPath, args, work)
      console.log(`ok: fake timers of ${name}`)
    } catch (error) {
      failed++
      console.error(`FAILED: fake timers of ${name}: ${error.message}`)
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
