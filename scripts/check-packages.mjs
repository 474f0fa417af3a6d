// Packs the packages as they would be published and looks at them as a consumer would.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'kinesis-producer-'))
const windows = process.platform === 'win32'
let failed = 0

const run = (what, command, args, cwd = root) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
  })
  if (status !== 0) {
    failed++
    console.error(`FAILED: ${what}\n${error?.message ?? ''}${stdout}${stderr}`)
  } else console.log(`ok: ${what}`)
  return stdout
}
const bin = name => join(root, 'node_modules', '.bin', name)
const expect = (what, holds) => {
  if (!holds) failed++
  console[holds ? 'log' : 'error'](`${holds ? 'ok' : 'FAILED'}: ${what}`)
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tarballs = {}
for (const name of ['core', 'otel-exporter', 'pino-transport', 'testing']) {
  const folder = join(root, 'packages', name)
  const tarball = join(work, `${name}.tgz`)
  run(`pack ${name}`, 'npx', ['--yes', packageManager, 'pack', '--out', tarball], folder)
  tarballs[`@kinesis-producer/${name}`] = tarball
  const files = run(`list ${name}`, 'tar', ['-tzf', tarball]).trim().split('\n')
  const strange = files.filter(
    file =>
      !/^package\/(dist\/.*\.(m?js|d\.m?ts|m?js\.map)|((dist\/esm|main|decode|report|prometheus|adapter(\/rules)?|worker(\/thread)?|register)\/)?package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(
        file,
      ),
  )
  expect(`${name} holds only what belongs there ${strange.join(' ')}`, strange.length === 0)
  const esm = files.some(file => file.startsWith('package/dist/esm/'))
  expect(
    `${name} says that dist/esm holds ES modules`,
    !esm || files.includes('package/dist/esm/package.json'),
  )
  const manifest = run(`manifest of ${name}`, 'tar', ['-xzOf', tarball, 'package/package.json'])
  expect(
    `${name} names no internal condition and no workspace`,
    !/internal|workspace:/.test(manifest),
  )
  run(`publint ${name}`, bin('publint'), ['--strict', tarball])
  run(`are the types wrong, ${name}`, bin('attw'), [tarball])
}

const consumer = join(work, 'consumer')
mkdirSync(consumer)
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const pinned = name => (devDependencies[name] === 'catalog:' ? undefined : devDependencies[name])
writeFileSync(
  join(consumer, 'package.json'),
  JSON.stringify({
    private: true,
    dependencies: {
      ...Object.fromEntries(Object.entries(tarballs).map(([name, file]) => [name, `file:${file}`])),
      '@opentelemetry/api': pinned('@opentelemetry/api'),
      '@opentelemetry/sdk-logs': '0.223.1',
      '@aws-sdk/client-kinesis': '3.1143.0',
      '@types/node': '20.19.43',
    },
    // The adapters must take this very core, not one from a registry.
    overrides: { '@kinesis-producer/core': `file:${tarballs['@kinesis-producer/core']}` },
  }),
)
run(
  'npm install of the tarballs',
  'npm',
  ['install', '--no-audit', '--no-fund', '--prefer-offline'],
  consumer,
)
cpSync(join(root, 'test/packages/consumer.mjs'), join(consumer, 'consumer.mjs'))
run('import and require', process.execPath, ['consumer.mjs'], consumer)

const source = readFileSync(join(root, 'test/packages/consumer-types.txt'), 'utf8')
for (const { file, options } of [
  { file: 'esm.mts', options: { module: 'nodenext', moduleResolution: 'nodenext' } },
  { file: 'cjs.cts', options: { module: 'nodenext', moduleResolution: 'nodenext' } },
  { file: 'node16.mts', options: { module: 'node16', moduleResolution: 'node16' } },
  { file: 'node16.cts', options: { module: 'node16', moduleResolution: 'node16' } },
  { file: 'bundler.ts', options: { module: 'esnext', moduleResolution: 'bundler' } },
  {
    file: 'node10.ts',
    options: { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '5.0' },
  },
]) {
  writeFileSync(join(consumer, file), source)
  const config = `tsconfig.${file}.json`
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: 'es2022',
    types: ['node'],
    esModuleInterop: true,
  }
  writeFileSync(
    join(consumer, config),
    JSON.stringify({
      compilerOptions: { ...strict, skipLibCheck: file === 'node10.ts', ...options },
      files: [file],
    }),
  )
  run(
    `types of TypeScript 5, ${file}`,
    process.execPath,
    [join(root, 'node_modules/typescript-5/lib/tsc.js'), '-p', config],
    consumer,
  )
  if (file !== 'node10.ts')
    run(`types of TypeScript 7, ${file}`, bin('tsc'), ['-p', config], consumer)
}
rmSync(work, { recursive: true, force: true })
console.log(failed === 0 ? 'packages: all checks passed' : `packages: ${failed} checks FAILED`)
process.exitCode = failed === 0 ? 0 : 1
