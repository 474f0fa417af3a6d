// Runs the programs of docs/pino-recipes.md and of the exporter's README as they stand there, with
// the packed packages and the frameworks they are for, against our own endpoint.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFakeKinesis } from '../build/test/support/endpoint/index.js'
import { OTEL_DEPENDENCIES, otelCases } from './otel-recipes.mjs'
import { pack, root, run, start } from './packed.mjs'

const DEPENDENCIES = {
  pino: '10.4.0',
  fastify: '5.12.8',
  express: '5',
  'pino-http': '11',
  '@nestjs/common': '11',
  '@nestjs/core': '11',
  '@nestjs/platform-express': '11',
  'nestjs-pino': '4',
  'reflect-metadata': '0.2',
  rxjs: '7',
  jest: '30',
  vitest: '4',
}

const work = mkdtempSync(join(tmpdir(), 'kinesis-recipes-'))
const tarballs = pack(['core', 'pino-transport', 'otel-exporter'], work)

/** A folder with one of our packages and others. */
const application = (name, ours, others) => {
  const folder = join(work, name)
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: {
        '@kinesis-producer/core': tarballs['@kinesis-producer/core'],
        [ours]: tarballs[ours],
        ...others,
      },
      overrides: { '@kinesis-producer/core': tarballs['@kinesis-producer/core'] },
    }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'], folder)
  return folder
}
const cwd = application('an application', '@kinesis-producer/pino-transport', DEPENDENCIES)
const otel = application(
  'an instrumented one',
  '@kinesis-producer/otel-exporter',
  OTEL_DEPENDENCIES,
)
const recipes = readFileSync(join(root, 'docs/pino-recipes.md'), 'utf8')
const files = [...recipes.matchAll(/^```js file=(\S+)\n([\s\S]*?)^```/gm)]
for (const [, name, code] of files) writeFileSync(join(cwd, name), code)

const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Messages of all lines that arrived. */
const messages = fake =>
  fake
    .texts('my-stream')
    .map(text => JSON.parse(text).msg)
    .filter(msg => msg === 'hello' || msg === 'stopped')
    .toSorted()

const expectMessages = (fake, expected) => {
  const there = messages(fake)
  if (JSON.stringify(there) !== JSON.stringify(expected))
    throw new Error(`arrived: ${JSON.stringify(there)}, expected ${JSON.stringify(expected)}`)
}

const envOf = fake => ({
  AWS_ENDPOINT_URL: fake.endpoint,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
})

/** A server that logs `hello` and, when it is told to stop, `stopped`. */
const server = (file, path) => async fake => {
  const port = await freePort()
  let output = ''
  const child = spawn(process.execPath, [file], {
    cwd,
    env: { ...process.env, ...envOf(fake), PORT: String(port) },
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  const ended = new Promise(resolve => child.on('close', resolve))
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000)
  const answers = async () => {
    try {
      return (await fetch(`http://127.0.0.1:${port}${path}`)).status < 500
    } catch {
      return false
    }
  }
  while (child.exitCode === null && child.signalCode === null && !(await answers()))
    await sleep(100)
  child.kill('SIGTERM')
  await ended
  clearTimeout(limit)
  if (output !== '') throw new Error(output)
  expectMessages(fake, ['hello', 'stopped'])
}

const tests = command => async fake => {
  await start(process.execPath, command, cwd, { ...envOf(fake), CI: '1' })
  expectMessages(fake, ['hello'])
}

const CASES = {
  Fastify: server('fastify.mjs', '/'),
  Express: server('express.cjs', '/'),
  NestJS: server('nest.cjs', '/nothing'),
  Lambda: async fake => {
    const call =
      "await (await import('./lambda.mjs')).handler({}); process.kill(process.pid, 'SIGKILL')"
    await start(process.execPath, ['--input-type=module', '-e', call], cwd, envOf(fake)).catch(
      () => {},
    )
    expectMessages(fake, ['hello'])
  },
  Jest: tests(['node_modules/jest/bin/jest.js', '--testMatch', '**/*.test.cjs']),
  Vitest: tests(['node_modules/vitest/vitest.mjs', 'run', '--globals', '.test.cjs']),
  ...otelCases(otel, envOf),
}

let failed = 0
for (const [name, check] of Object.entries(CASES)) {
  const fake = await startFakeKinesis({ streams: { 'my-stream': 2 } })
  try {
    await check(fake)
    console.log(`${name}: fine`)
  } catch (error) {
    failed++
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await fake.close()
  }
}
rmSync(work, { recursive: true, force: true })
process.exit(failed > 0 ? 1 : 0)
