// Runs the packed Pino transport as its users have it: pino 9 and 10, pnpm, Yarn Plug'n'Play, and in
// bundles of esbuild and webpack.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startFakeKinesis } from '../build/test/support/endpoint/index.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'kinesis-pino-'))
const windows = process.platform === 'win32'
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const run = (command, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
    env: { ...process.env, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', YARN_ENABLE_TELEMETRY: '0' },
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
}
/** Not `spawnSync`: the fake endpoint lives in this process. */
const start = (command, args, cwd) =>
  new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, args, { cwd, shell: windows })
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.on('close', code =>
      code === 0 && output === '' ? resolve() : reject(new Error(`exit ${code}\n${output}`)),
    )
  })

const tarballs = {}
for (const name of ['core', 'pino-transport']) {
  const tarball = join(work, `${name}.tgz`)
  run('npx', ['--yes', packageManager, 'pack', '--out', tarball], join(root, 'packages', name))
  tarballs[`@kinesis-producer/${name}`] = `file:${tarball}`
}

const options = endpoint => `{
  streamName: 's', region: 'us-east-1', endpoint: '${endpoint}',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
}`
/** Logs 100 lines through pino.transport and, where the helper is used too, 100 more through it. */
const app = (endpoint, helper = true) => `
const pino = require('pino')
const logger = pino(pino.transport({ target: '@kinesis-producer/pino-transport', options: ${options(endpoint)} }))
for (let i = 0; i < 100; i++) logger.info({ i }, 'plain')
${
  helper
    ? `const { createKinesisTransport } = require('@kinesis-producer/pino-transport/main')
const kinesis = createKinesisTransport(${options(endpoint)})
const second = pino(kinesis)
for (let i = 0; i < 100; i++) second.info({ i }, 'helper')
kinesis.flush().then(() => kinesis.close())`
    : ''
}
`
/** The same numbers of lines, each asked for when the worker is idle; then the process is gone at once. */
const flushApp = endpoint => `
const pino = require('pino')
const { createKinesisTransport, flushTransport } = require('@kinesis-producer/pino-transport/main')
const plain = pino.transport({ target: '@kinesis-producer/pino-transport', options: ${options(endpoint)} })
const kinesis = createKinesisTransport(${options(endpoint)})
const run = async () => {
  await flushTransport(plain)
  await kinesis.flush()
  await new Promise(resolve => setTimeout(resolve, 300))
  const [one, two] = [pino(plain), pino(kinesis)]
  for (let i = 0; i < 100; i++) {
    one.info({ i }, 'plain')
    two.info({ i }, 'helper')
  }
  const [all, { delivered }] = await Promise.all([flushTransport(plain), kinesis.flush()])
  if (!all || delivered !== 100) console.log('not delivered', all, delivered)
  process.reallyExit(0)
}
run()
`
/** The oldest and the newest of each: Pino, and the thread-stream it may bring. */
const PEERS = [
  ['9.1.0', '3.0.0'],
  ['9.14.0', '3.2.0'],
  ['10.0.0', '3.2.0'],
  ['10.3.1', '4.0.0'],
  ['10', '4'],
]
const typed = `
import pino from 'pino'
import { pinoKinesis, type PinoKinesisOptions } from '@kinesis-producer/pino-transport'
import { createKinesisTransport, type KinesisTransport } from '@kinesis-producer/pino-transport/main'
const options = { streamName: 's', packing: { kind: 'concat' }, minLevel: 'info' } satisfies PinoKinesisOptions
export const logger = pino(pino.transport({ target: '@kinesis-producer/pino-transport', options }))
export const kinesis: KinesisTransport = createKinesisTransport(options, { signals: ['SIGTERM'] })
export const second = pino(kinesis)
export const inProcess = pino(pinoKinesis(options))
kinesis.on('kinesis:dropped', ({ count, reasons }) => [count.toFixed(), reasons])
// @ts-expect-error: no such option
pino.transport({ target: 'x', options: { streamName: 's', strem: 1 } satisfies PinoKinesisOptions })
`

const manifest = (dependencies, extra = {}) => ({
  private: true,
  dependencies: { ...tarballs, ...dependencies },
  overrides: tarballs,
  ...extra,
})
const npmInstall = cwd =>
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], cwd)

const CASES = {
  'npm, pino 10, types': async (cwd, endpoint) => {
    writeFileSync(
      join(cwd, 'package.json'),
      JSON.stringify(manifest({ pino: '^10', typescript: '5', '@types/node': '20' })),
    )
    npmInstall(cwd)
    writeFileSync(join(cwd, 'typed.mts'), typed)
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
    ]
    run(join(cwd, 'node_modules/.bin/tsc'), [...flags, '--skipLibCheck', 'typed.mts'], cwd)
    writeFileSync(join(cwd, 'app.cjs'), app(endpoint))
    await start(process.execPath, ['app.cjs'], cwd)
  },
  ...Object.fromEntries(
    PEERS.map(([version, threads]) => [
      `npm, pino ${version}, thread-stream ${threads}`,
      async (cwd, endpoint) => {
        const { overrides, ...rest } = manifest({ pino: version })
        const pinned = { ...overrides, 'thread-stream': threads }
        writeFileSync(join(cwd, 'package.json'), JSON.stringify({ ...rest, overrides: pinned }))
        npmInstall(cwd)
        writeFileSync(join(cwd, 'app.cjs'), flushApp(endpoint))
        await start(process.execPath, ['app.cjs'], cwd)
      },
    ]),
  ),
  pnpm: async (cwd, endpoint) => {
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest({ pino: '^10' })))
    writeFileSync(
      join(cwd, 'pnpm-workspace.yaml'),
      `overrides:\n${Object.entries(tarballs)
        .map(([name, file]) => `  '${name}': '${file}'\n`)
        .join('')}`,
    )
    run('npx', ['--yes', packageManager, 'install', '--ignore-scripts'], cwd)
    writeFileSync(join(cwd, 'app.cjs'), app(endpoint))
    await start(process.execPath, ['app.cjs'], cwd)
  },
  'Yarn Plug’n’Play': async (cwd, endpoint) => {
    const { overrides: resolutions, ...rest } = manifest({ pino: '^10' })
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ ...rest, resolutions }))
    writeFileSync(join(cwd, 'yarn.lock'), '')
    // Yarn reads nothing of npm's configuration: what is behind a mirror needs to be told again.
    const ofNpm = name =>
      spawnSync('npm', ['config', 'get', name], { encoding: 'utf8', shell: windows }).stdout.trim()
    const server = ofNpm('registry')
    const authority = ofNpm('cafile')
    const settings = [
      'nodeLinker: pnp',
      'enableGlobalCache: false',
      `npmRegistryServer: "${server}"`,
      ...(server.startsWith('http:')
        ? [`unsafeHttpWhitelist: ["${new URL(server).hostname}"]`]
        : []),
      ...(authority === 'null' || authority === '' ? [] : [`httpsCaFilePath: "${authority}"`]),
      ...(ofNpm('strict-ssl') === 'false' ? ['enableStrictSsl: false'] : []),
    ]
    writeFileSync(join(cwd, '.yarnrc.yml'), `${settings.join('\n')}\n`)
    const yarn = ['--yes', '@yarnpkg/cli-dist@4.9.2']
    run('npx', [...yarn, 'install'], cwd)
    writeFileSync(join(cwd, 'app.cjs'), app(endpoint))
    await start(process.execPath, ['-r', './.pnp.cjs', 'app.cjs'], cwd)
  },
  'bundles of esbuild and webpack': async (cwd, endpoint) => {
    writeFileSync(
      join(cwd, 'package.json'),
      JSON.stringify(
        manifest({
          pino: '^10',
          esbuild: '0.25',
          'esbuild-plugin-pino': '^2',
          webpack: '5.95.0',
          'pino-webpack-plugin': '^2',
        }),
      ),
    )
    npmInstall(cwd)
    writeFileSync(join(cwd, 'app.cjs'), app(endpoint))
    const esbuild = `
const loaded = require('esbuild-plugin-pino')
const pinoPlugin = loaded.default ?? loaded
require('esbuild').build({
  entryPoints: { app: 'app.cjs' }, outdir: 'esbuilt', bundle: true, platform: 'node', logLevel: 'error',
  plugins: [pinoPlugin({ transports: ['@kinesis-producer/pino-transport'] })],
}).catch(() => process.exit(1))`
    writeFileSync(join(cwd, 'esbuild.cjs'), esbuild)
    run(process.execPath, ['esbuild.cjs'], cwd)
    const webpack = `
const { PinoWebpackPlugin } = require('pino-webpack-plugin')
require('webpack')({
  mode: 'production', target: 'node', entry: { app: './app.cjs' }, optimization: { minimize: false },
  output: { path: require('node:path').join(__dirname, 'webpacked'), filename: '[name].js' },
  module: { parser: { javascript: { dynamicImportMode: 'eager' } } },
  plugins: [new PinoWebpackPlugin({ transports: ['@kinesis-producer/pino-transport'] })],
}, (error, stats) => {
  if (error || stats.hasErrors()) { console.error(error ?? stats.toString('errors-only')); process.exit(1) }
})`
    writeFileSync(join(cwd, 'webpack.cjs'), webpack)
    run(process.execPath, ['webpack.cjs'], cwd)
    // Nothing but the bundles.
    rmSync(join(cwd, 'node_modules'), { recursive: true })
    await start(process.execPath, ['esbuilt/app.js'], cwd)
    await start(process.execPath, ['webpacked/app.js'], cwd)
  },
}

let failed = 0
for (const [name, use] of Object.entries(CASES)) {
  if (process.argv[2] !== undefined && !name.includes(process.argv[2])) continue
  const cwd = join(work, name.replaceAll(/\W+/g, '-'))
  mkdirSync(cwd)
  const fake = await startFakeKinesis({ streams: { s: 2 } })
  try {
    await use(cwd, fake.endpoint)
    const expected = name.startsWith('bundles') ? 400 : 200
    const { length } = fake.texts('s')
    if (length !== expected) throw new Error(`${length} of ${expected} lines arrived`)
    console.log(`pino: ${name}: ok`)
  } catch (error) {
    failed++
    console.error(
      `pino: ${name}: FAILED\n${error instanceof Error ? error.message.slice(0, 3000) : String(error)}`,
    )
  }
  await fake.close()
}
rmSync(work, { recursive: true, force: true })
process.exitCode = failed === 0 ? 0 : 1
