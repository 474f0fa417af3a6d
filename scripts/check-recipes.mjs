// Runs the programs of docs/pino-recipes.md and docs/testing.md, and of the READMEs of the transport and the
// exporter, as they stand there, with the packed packages and the frameworks they are for, against our own
// endpoint. An argument chooses those whose names hold it.
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
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
  next: '15',
  react: '19',
  'react-dom': '19',
  pm2: '6',
  jest: '30',
  vitest: '4',
}

const work = mkdtempSync(join(tmpdir(), 'kinesis-recipes-'))
const tarballs = pack(['core', 'pino-transport', 'otel-exporter', 'testing'], work)

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
const cwd = application('an application', '@kinesis-producer/pino-transport', {
  ...DEPENDENCIES,
  '@kinesis-producer/testing': tarballs['@kinesis-producer/testing'],
})
const otel = application(
  'an instrumented one',
  '@kinesis-producer/otel-exporter',
  OTEL_DEPENDENCIES,
)
const recipes = ['pino-recipes', 'testing']
  .map(name => readFileSync(join(root, 'docs', `${name}.md`), 'utf8'))
  .join('\n')
const files = [...recipes.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```/gm)]
for (const [, name, code] of files) {
  mkdirSync(dirname(join(cwd, name)), { recursive: true })
  writeFileSync(join(cwd, name), code)
}

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

const LIMIT_MS = 90_000

/** Starts a program that runs until it is told to stop; `ends` resolves with how it ended. */
const running = (command, args, fake, { cwd: folder = cwd, env = {}, ...more } = {}) => {
  let output = ''
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...envOf(fake), ...env },
    ...more,
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const ends = new Promise(resolve =>
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      resolve({ output, end: signal ?? code })
    }),
  )
  return { child, ends, isUp: () => child.exitCode === null && child.signalCode === null }
}

/** Until the server answers, or the condition no longer holds. */
const answers = async (port, path, goesOn) => {
  for (; goesOn(); await sleep(100)) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}${path}`)).status < 500) return
    } catch {
      // Not yet.
    }
  }
}

/** A server that logs `hello` and, when it is told to stop, `stopped`. */
const server = (file, path) => async fake => {
  const port = await freePort()
  const { child, ends, isUp } = running(process.execPath, [file], fake, {
    env: { PORT: String(port) },
  })
  await answers(port, path, isUp)
  child.kill('SIGTERM')
  const { output } = await ends
  if (output !== '') throw new Error(output)
  expectMessages(fake, ['hello', 'stopped'])
}

/** Next.js says much, so only what arrives counts, and that it ends by itself. */
const next = async (args, folder, fake) => {
  const port = await freePort()
  const env = { PORT: String(port), HOSTNAME: '127.0.0.1', NEXT_TELEMETRY_DISABLED: '1' }
  const { child, ends, isUp } = running(process.execPath, args, fake, { cwd: folder, env })
  await answers(port, '/', isUp)
  child.kill('SIGTERM')
  const { output, end } = await ends
  if (end !== 0) throw new Error(`${end}\n${output}`)
  try {
    expectMessages(fake, ['hello'])
  } catch (error) {
    throw new Error(`${error.message}\n${output}`, { cause: error })
  }
}

const tests = command => async fake => {
  await start(process.execPath, command, cwd, { ...envOf(fake), CI: '1' })
  expectMessages(fake, ['hello'])
}

const CASES = {
  'Next.js': async fake => {
    const bin = 'node_modules/next/dist/bin/next'
    await start(process.execPath, [bin, 'build'], cwd, { NEXT_TELEMETRY_DISABLED: '1' })
    // Away from the application, whose packages it would find.
    const alone = join(work, 'standalone')
    cpSync(join(cwd, '.next/standalone'), alone, { recursive: true })
    await next(['server.js'], alone, fake)
    const other = await startFakeKinesis({ streams: { 'my-stream': 2 } })
    try {
      await next([bin, 'start'], cwd, other)
    } finally {
      await other.close()
    }
  },
  pm2: async fake => {
    const port = await freePort()
    const env = { ...envOf(fake), PORT: String(port), PM2_HOME: join(work, 'pm2') }
    const pm2 = (...args) =>
      start(process.execPath, ['node_modules/pm2/bin/pm2', ...args], cwd, env)
    const until = Date.now() + LIMIT_MS
    try {
      await pm2('start', 'ecosystem.config.cjs')
      await answers(port, '/', () => Date.now() < until)
      await pm2('stop', 'app')
    } finally {
      await pm2('kill')
    }
    expectMessages(fake, ['hello', 'stopped'])
  },
  // As a container's first process gets the signal, and nobody else.
  container: async fake => {
    const PATH = join(cwd, 'node_modules/.bin') + delimiter + process.env.PATH
    const { child, ends, isUp } = running('sh', ['container.sh'], fake, {
      env: { PATH },
      detached: true,
    })
    while (isUp() && messages(fake).length === 0) await sleep(100)
    child.kill('SIGTERM')
    const { output, end } = await ends
    expectMessages(fake, ['hello', 'stopped'])
    if (end !== 0 || !output.includes('"msg":"stopped"')) throw new Error(`${end}\n${output}`)
  },
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
  Jest: tests([
    'node_modules/jest/bin/jest.js',
    '--testMatch',
    '**/*.test.cjs',
    '--modulePathIgnorePatterns',
    '/.next/',
  ]),
  Vitest: tests(['node_modules/vitest/vitest.mjs', 'run', '--globals', '.test.cjs']),
  'node:test': () => start(process.execPath, ['--test', 'audit-node.mjs'], cwd),
  ...otelCases(otel, envOf),
}

/** At a time: most of them wait for a server, and Next.js builds all the while. */
const AT_ONCE = 3
let failed = 0
const runCase = async ([name, check]) => {
  const began = Date.now()
  const fake = await startFakeKinesis({ streams: { 'my-stream': 2 } })
  try {
    await check(fake)
    console.log(`${name}: fine, ${Math.round((Date.now() - began) / 1000)} s`)
  } catch (error) {
    failed++
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await fake.close()
  }
}
const runAll = async cases => {
  const waiting = Object.entries(cases).filter(([name]) => name.includes(process.argv[2] ?? ''))
  const runWaiting = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await runCase(one)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, runWaiting))
}
await runAll(CASES)

// The README, word by word, in a folder whose name is hard on URLs and shells.
const odd = join(work, 'an app #1, 100%25')
renameSync(cwd, odd)
const readme = readFileSync(join(root, 'packages/pino-transport/README.md'), 'utf8')
const samples = [...readme.matchAll(/^```(js|sh)(?: file=(\S+))?\n([\s\S]*?)^```/gm)]
for (const [, , name, code] of samples) if (name !== undefined) writeFileSync(join(odd, name), code)
writeFileSync(
  join(odd, 'app.js'),
  'const logger = require("pino")()\nfor (let i = 0; i < 10; i++) logger.info({ i }, "hello")\n',
)
writeFileSync(
  join(odd, 'undelivered.ndjson'),
  `${JSON.stringify({ time: new Date().toISOString(), reason: 'closed', attempts: 1, data: '{"msg":"hello"}\n' })}\n`,
)
const sample = ([, kind, , code], i) => {
  const expected =
    kind === 'js' ? 1 : code.includes('--replay') ? 1 : /--help|--dry/.test(code) ? 0 : 10
  return async fake => {
    writeFileSync(join(odd, `sample-${i}.mjs`), code)
    const env = {
      ...envOf(fake),
      PATH: join(odd, 'node_modules/.bin') + delimiter + process.env.PATH,
    }
    const [command, args] =
      kind === 'js' ? [process.execPath, [`sample-${i}.mjs`]] : ['sh', ['-c', code]]
    await start(command, args, odd, env)
    const there = fake.texts('my-stream').flatMap(text => text.trim().split('\n'))
    if (there.length !== expected) throw new Error(`${there.length} of ${expected} lines arrived`)
  }
}
const commands = samples
  .filter(([, kind, , code]) => kind === 'sh' && code.includes('pino-kinesis'))
  .flatMap(([all, kind, name, code]) =>
    code
      .trim()
      .split('\n')
      .map(line => [all, kind, name, line]),
  )
const programs = samples.filter(
  ([, kind, name, code]) => kind === 'js' && name === undefined && code !== '',
)
await runAll(
  Object.fromEntries(
    [...programs, ...commands].map((one, i) => [
      `README: ${one[3].trim().split('\n').at(-1)}`,
      sample(one, i),
    ]),
  ),
)
rmSync(work, { recursive: true, force: true })
process.exit(failed > 0 ? 1 : 0)
