// A real Prometheus: Debian's package, unpacked beside the project's other tools, not installed.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../node_modules/.cache/prometheus', import.meta.url))

const run = (command, args, cwd) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 })
const works = tool => run(tool, ['--version']).status === 0

/** Where a tool of the package is: on the path, or unpacked by this. Exits if it cannot be had. */
export const tool = name => {
  if (works(name)) return name
  const unpacked = join(cache, 'usr/bin', name)
  if (!existsSync(unpacked)) unpack()
  if (existsSync(unpacked)) return unpacked
  console.error(
    `check-ops: ${name} cannot be found; install prometheus (Debian's name) and run this again`,
  )
  process.exit(1)
}

const unpack = () => {
  mkdirSync(cache, { recursive: true })
  const download = () =>
    run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'prometheus'], cache).status
  // The lists may be missing, or another check may be renewing them.
  for (let tries = 5; tries > 0 && download() !== 0; tries--)
    if (run('apt-get', ['update', '-qq']).status !== 0) spawnSync('sleep', ['5'])
  const archive = readdirSync(cache).find(file => file.endsWith('.deb'))
  if (archive === undefined) return
  run('dpkg-deb', ['-x', archive, '.'], cache)
  rmSync(join(cache, archive))
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Starts one with the configuration file; `get` asks its API. It ends with `stop`. */
export const startPrometheus = async configFile => {
  const port = await freePort()
  const data = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const child = spawn(
    tool('prometheus'),
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', chunk => (said += chunk))
  const ended = new Promise(resolve => child.on('close', resolve))
  const get = async (path, parameters = {}) => {
    const url = `http://127.0.0.1:${port}${path}?${new URLSearchParams(parameters)}`
    const response = await fetch(url)
    const body = await response.json()
    if (body.status !== 'success') throw new Error(`${path}: ${JSON.stringify(body)}`)
    return body.data
  }
  for (let tries = 100; ; tries--) {
    try {
      await get('/api/v1/status/buildinfo')
      break
    } catch (error) {
      if (tries === 0 || child.exitCode !== null)
        throw new Error(`Prometheus did not start: ${said}`, { cause: error })
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  return {
    get,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(data, { recursive: true, force: true })
    },
  }
}
