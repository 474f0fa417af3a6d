// The programs and commands of the exporter's README, as they stand there.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { root, start } from './packed.mjs'

const README = readFileSync(join(root, 'packages/otel-exporter/README.md'), 'utf8')

/** The block of the README in this language that holds the text. */
const block = (language, text) => {
  const blocks = [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]
  const found = blocks.find(([, kind, code]) => kind === language && code.includes(text))
  if (found === undefined) throw new Error(`the README has no ${language} with ${text}`)
  return found[2]
}

/** What the README says to install besides, so that its programs run. */
export const OTEL_DEPENDENCIES = {
  '@aws-sdk/client-kinesis': '3.1143.0',
  '@opentelemetry/api': '^1.9.1',
  '@opentelemetry/sdk-logs': '^0.223.1',
  '@opentelemetry/sdk-node': '^0.223.0',
  '@opentelemetry/auto-instrumentations-node': '^0.81.2',
  '@opentelemetry/winston-transport': '^0.34.0',
  // Its instrumentation knows no later one.
  bunyan: '1',
  pino: '10',
  winston: '3',
}

const LOGGERS = {
  winston: `const { createLogger, transports } = require('winston')
    createLogger({ transports: [new transports.Console()] }).info('bought', { user: 'u1' })`,
  pino: `require('pino')().info({ user: 'u1' }, 'bought')`,
  bunyan: `require('bunyan').createLogger({ name: 'shop' }).info({ user: 'u1' }, 'bought')`,
}

const bodies = fake =>
  fake.records('my-stream').flatMap(({ data }) => decodeLogs(data).map(({ body }) => body))

const expectBodies = (fake, ...expected) => {
  const there = JSON.stringify(bodies(fake))
  if (there !== JSON.stringify(expected))
    throw new Error(`arrived: ${there}, expected ${JSON.stringify(expected)}`)
}

/** Variables and arguments of a command such as `A=b node --import x app.js`. */
const command = text => {
  const words = text.replaceAll('\\\n', ' ').trim().split(/\s+/)
  const at = words.indexOf('node')
  const env = Object.fromEntries(words.slice(0, at).map(word => word.split('=')))
  return { env, args: words.slice(at + 1) }
}

/** @returns cases by name: each gets an endpoint of its own, and throws if it does not hold */
export const otelCases = (cwd, envOf, node = process.execPath) => {
  const write = (name, code) => {
    // Another case may be reading it.
    if (!existsSync(join(cwd, name))) writeFileSync(join(cwd, name), code)
    return name
  }
  const batch = async fake => {
    const output = await start(
      node,
      [write('batch.mjs', block('js', 'new BatchLog'))],
      cwd,
      envOf(fake),
    )
    if (output !== '') throw new Error(output)
    expectBodies(fake, 'hello')
  }
  const nodeSdk = async fake => {
    const app = `${block('js', 'new NodeSDK')}
      const { logs } = await import('@opentelemetry/api-logs')
      logs.getLogger('app').emit({ body: 'hello' })
      setInterval(() => {}, 1000); console.log('ready')`
    let output = ''
    const child = spawn(node, [write('node-sdk.mjs', app)], {
      cwd,
      env: { ...process.env, ...envOf(fake) },
    })
    child.stderr.on('data', data => (output += data))
    child.stdout.once('data', () => child.kill('SIGTERM'))
    const limit = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const code = await new Promise(resolve => child.on('close', resolve))
    clearTimeout(limit)
    if (code !== 0 || output !== '') throw new Error(`exit ${code}\n${output}`)
    expectBodies(fake, 'hello')
  }
  const register = (shell, app) => async fake => {
    // Several run at once, and all of them are called app.js.
    const folder = mkdtempSync(join(cwd, 'register-'))
    writeFileSync(join(folder, 'app.js'), app)
    const { env, args } = command(block('sh', shell))
    // There is no collector for the rest.
    const others = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }
    await start(node, args, folder, { ...env, ...envOf(fake), ...others })
    expectBodies(fake, 'bought')
  }
  const lambda = async fake => {
    const app = `${block('js', 'export const handler = async event => {\n  try')}
      await handler({}); process.kill(process.pid, 'SIGKILL')`
    await start(node, [write('lambda.mjs', app)], cwd, envOf(fake)).catch(() => {})
    expectBodies(fake, 'called')
  }
  const getRecords = async fake => {
    await batch(fake)
    const file = write('read.mjs', block('js', 'GetRecordsCommand'))
    const output = await start(node, [file], cwd, { ...envOf(fake), NODE_NO_WARNINGS: '1' })
    if (output !== "hello { user: 'u1' }\n") throw new Error(output)
  }
  const EMIT = `require('@opentelemetry/api-logs').logs.getLogger('app').emit({ body: 'bought' })`
  return {
    'README, batch processor': batch,
    'README, Lambda': lambda,
    'README, NodeSDK': nodeSdk,
    'README, GetRecords': getRecords,
    'README, register': register('OTEL_SERVICE_NAME=shop', EMIT),
    ...Object.fromEntries(
      Object.entries(LOGGERS).map(([name, app]) => [
        `README, auto-instrumentations with ${name}`,
        register('auto-instrumentations-node/register', app),
      ]),
    ),
  }
}
