// Writes docs/sizes.md: what an installation of each package takes, from the packed tarballs.
import { spawnSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, root, run } from './packed.mjs'

const RUNS = 5
const BESIDE = {
  'otel-exporter': { '@opentelemetry/api': '1.9.1', '@opentelemetry/sdk-logs': '0.223.1' },
  'pino-transport': { pino: '10.4.0' },
}
const work = mkdtempSync(join(tmpdir(), 'kinesis-sizes-'))
const names = readdirSync(join(root, 'packages')).toSorted()
const tarballs = pack(names, work)

const sizeOf = folder =>
  readdirSync(folder, { recursive: true }).reduce((sum, name) => {
    const stat = lstatSync(join(folder, name))
    return stat.isFile() ? sum + stat.size : sum
  }, 0)

/** Median of milliseconds and of MiB resident, in fresh processes. */
const imported = (cwd, specifier) => {
  const program = `const before = performance.now()
await import(${JSON.stringify(specifier)})
console.log(performance.now() - before, process.memoryUsage().rss / 2 ** 20)
process.exit()`
  const runs = Array.from({ length: RUNS }, () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd,
      encoding: 'utf8',
    })
    return stdout.trim().split(' ').map(Number)
  })
  return [0, 1].map(i => Math.round(runs.map(one => one[i]).toSorted((a, b) => a - b)[RUNS >> 1]))
}

const megabytes = bytes => (bytes / 2 ** 20).toFixed(1)
const rows = names.map(name => {
  const cwd = join(work, name)
  mkdirSync(cwd)
  const full = `@kinesis-producer/${name}`
  const own = tarballs[full]
  writeFileSync(
    join(cwd, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { [full]: own, ...BESIDE[name] },
      overrides: Object.fromEntries(Object.entries(tarballs).filter(([other]) => other !== full)),
    }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--omit=dev'], cwd)
  const lock = JSON.parse(readFileSync(join(cwd, 'node_modules/.package-lock.json'), 'utf8'))
  const packages = Object.keys(lock.packages).length
  const [ms, resident] = imported(cwd, full)
  return [
    `\`${full}\``,
    `${Math.round(statSync(own.replace('file:', '')).size / 1024)}`,
    megabytes(sizeOf(join(cwd, 'node_modules', full))),
    megabytes(sizeOf(join(cwd, 'node_modules'))),
    `${packages}`,
    `${ms}`,
    `${resident}`,
  ]
})
const [bareMs, bare] = imported(work, 'node:os')
rows.push(['(Node.js alone)', '', '', '', '', `${bareMs}`, `${bare}`])
rmSync(work, { recursive: true, force: true })

const HEAD = [
  'package',
  'tarball, KiB',
  'itself, MiB',
  'with all it needs, MiB',
  'packages',
  'import, ms',
  'resident after it, MiB',
]
const table = [HEAD, HEAD.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
  .map(cells => `| ${cells.join(' | ')} |`)
  .join('\n')
writeFileSync(
  join(root, 'docs/sizes.md'),
  `# Sizes

What an installation takes, made by \`npm run sizes\` from the packed tarballs, with Node ${process.versions.node} on a machine with 2 cores. Times and memory are medians of ${RUNS} fresh processes; they vary by half between runs of the script, so compare within the table.

${table}

- With all it needs means the package's own dependencies, and for the OpenTelemetry exporter \`@opentelemetry/api\` and \`sdk-logs\`, for the transport \`pino\`. Most of it is the AWS SDK.
- More than half of a tarball are source maps, which hold the sources whole: stack traces of \`node --enable-source-maps\` show TypeScript. Bundlers leave them out.
- The Pino transport loads the AWS SDK in its worker; the main thread imports \`@kinesis-producer/pino-transport/main\`.
`,
)
spawnSync('npx', ['biome', 'format', '--write', join(root, 'docs/sizes.md')], { cwd: root })
