// A release, rehearsed: a clone is versioned, built, packed and published as the workflow does it,
// by the commands that stand there, to a registry on this machine (verdaccio); then the packages
// are installed from that registry as a user would, and run. Part of the nightly workflow: it takes
// two minutes, most of it for installing.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from './packed.mjs'

const work = mkdtempSync(join(tmpdir(), 'kinesis-release-'))
const write = (path, content) => {
  mkdirSync(join(work, path, '..'), { recursive: true })
  writeFileSync(join(work, path), content)
}
const problems = []
const expect = (what, holds) => {
  if (holds) console.log(`ok: ${what}`)
  else problems.push(what)
}
/** Ends the rehearsal if it fails. */
const must = (what, command, args, { cwd, env } = {}) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`${what}: ${error?.message ?? ''}${stdout}${stderr}`)
  console.log(`ok: ${what}`)
  return stdout
}

const freePort = () =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** What the workflow runs in a step: the step's id, or the text of its command. */
const workflow = parse(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8'))
const stepOf = (job, id) => workflow.jobs[job].steps.find(step => step.id === id)

const startRegistry = async () => {
  write(
    'registry/package.json',
    JSON.stringify({
      private: true,
      // It wants a newer Node than the oldest that we run on.
      dependencies: { verdaccio: '6.10.4', node: '24' },
      // One of its packages asks for a tag of node-fetch that not every registry has.
      overrides: { 'node-fetch': '2.7.0' },
    }),
  )
  const folder = join(work, 'registry')
  must('verdaccio is installed', 'npm', ['install', '--no-audit', '--no-fund'], { cwd: folder })
  const upstream = must('the registry behind it', 'npm', ['config', 'get', 'registry']).trim()
  const port = await freePort()
  write(
    'registry/config.yaml',
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: { npm: { url: upstream, cache: false } },
      packages: {
        '@kinesis-producer/*': { access: '$all', publish: '$all', unpublish: '$all' },
        '**': { access: '$all', proxy: 'npm' },
      },
      log: { type: 'stdout', level: 'error' },
    }),
  )
  const child = spawn(
    join(folder, 'node_modules/node/bin/node'),
    ['node_modules/verdaccio/bin/verdaccio', '-c', 'config.yaml', '-l', `127.0.0.1:${port}`],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const url = `http://127.0.0.1:${port}/`
  for (let tries = 100; ; tries--) {
    try {
      await fetch(`${url}-/ping`)
      break
    } catch (error) {
      if (tries === 0 || child.exitCode !== null)
        throw new Error('verdaccio does not start', { cause: error })
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
  return { url, port, stop: () => child.kill() }
}

let registry
try {
  registry = await startRegistry()
  // npm wants a token, the registry none.
  write('npmrc', `registry=${registry.url}\n//127.0.0.1:${registry.port}/:_authToken=nobody\n`)
  const env = {
    NPM_CONFIG_USERCONFIG: join(work, 'npmrc'),
    npm_config_registry: registry.url,
    // Only npm's own registry and a CI that it knows give one.
    NPM_CONFIG_PROVENANCE: 'false',
    GITHUB_OUTPUT: join(work, 'output'),
    HUSKY: '0',
  }
  writeFileSync(env.GITHUB_OUTPUT, '')
  const clone = join(work, 'clone')
  must('a clone', 'git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone])
  const here = { cwd: clone }
  must('install', 'npm', ['run', '-s', 'bootstrap'], here)
  const before = readFileSync(join(clone, 'pnpm-lock.yaml'), 'utf8')
  const action = stepOf('version', 'changesets')
  must('versions', 'bash', ['-ec', action.with['version-script']], here)
  expect(
    'the lockfile fits the new versions',
    spawnSync(
      'npx',
      ['--yes', JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager].concat(
        ['install', '--frozen-lockfile', '--offline', '--ignore-scripts'],
      ),
      here,
    ).status === 0 && readFileSync(join(clone, 'pnpm-lock.yaml'), 'utf8') === before,
  )
  const git = must('what the versions changed', 'git', ['status', '--porcelain'], here)
  expect('each package has a changelog', /packages\/core\/CHANGELOG\.md/.test(git))
  must('build', 'npm', ['run', '-s', 'build'], here)
  must('pack', 'bash', ['-ec', stepOf('build', 'pack').run], { ...here, env })
  expect(
    'there is something to publish',
    readFileSync(env.GITHUB_OUTPUT, 'utf8').includes('publishes=true'),
  )
  const order = readFileSync(join(clone, 'release/order.txt'), 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(' '))
  const names = order.map(([name]) => name)
  expect(`the core comes first of ${names.join(', ')}`, names[0] === '@kinesis-producer/core')
  const publish = stepOf('publish', 'publish')
  must('publish', 'bash', ['-ec', publish.run], { ...here, env })
  must('publish again, as after a job that broke off', 'bash', ['-ec', publish.run], {
    ...here,
    env,
  })

  const user = { cwd: join(work, 'user'), env }
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  write(
    'user/package.json',
    JSON.stringify({
      private: true,
      dependencies: {
        ...Object.fromEntries(names.map(name => [name, 'latest'])),
        '@opentelemetry/api': devDependencies['@opentelemetry/api'],
        '@opentelemetry/sdk-logs': '0.223.1',
        pino: devDependencies.pino,
      },
    }),
  )
  must('npm install, as a user does', 'npm', ['install', '--no-audit', '--no-fund'], user)
  cpSync(join(root, 'test/packages/consumer.mjs'), join(work, 'user/consumer.mjs'))
  must('import and require', process.execPath, ['consumer.mjs'], user)
  must('the command', 'npx', ['--no-install', 'pino-kinesis', '--help'], user)
  for (const [name, version] of order) {
    const seen = JSON.parse(must(`view ${name}`, 'npm', ['view', name, '--json'], user))
    expect(`${name} is ${version}`, seen.version === version && version !== '0.0.0')
    expect(
      `${name} names its repository, home, funding and where to report`,
      seen.repository?.url?.startsWith('git+https://') &&
        seen.repository.directory?.startsWith('packages/') &&
        typeof seen.homepage === 'string' &&
        typeof seen.bugs?.url === 'string' &&
        typeof seen.funding?.url === 'string',
    )
    const core = seen.dependencies?.['@kinesis-producer/core']
    expect(`${name} wants the core of its version`, core === undefined || core === `^${version}`)
  }

  // Not every registry offers these: what this one says is told, and findings fail.
  const ask = args => {
    const { stdout } = spawnSync('npm', args, {
      cwd: user.cwd,
      env: auditEnv,
      encoding: 'utf8',
      timeout: 60_000,
    })
    try {
      return JSON.parse(stdout)
    } catch {
      return undefined
    }
  }
  const auditEnv = { ...process.env, NPM_CONFIG_USERCONFIG: join(work, 'npmrc') }
  const found = ask(['audit', '--omit=dev', '--json'])?.metadata?.vulnerabilities
  if (found === undefined) console.log('not checked: this registry offers no npm audit')
  else expect(`no known vulnerability in what a user installs (${found.total})`, found.total === 0)
  const signed = ask(['audit', 'signatures', '--json'])
  if (signed?.invalid === undefined)
    console.log('not checked: this registry offers no npm audit signatures')
  else expect('no invalid signature', signed.invalid.length === 0)
} finally {
  registry?.stop()
  rmSync(work, { recursive: true, force: true })
}
for (const problem of problems) console.error(`FAILED: ${problem}`)
console.log(problems.length === 0 ? 'release: rehearsed' : `release: ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
