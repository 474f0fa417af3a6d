// Bundles programs that use the packed packages, with each bundler that people use, and runs them.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startFakeKinesis } from '../build/test/support/endpoint/index.js'
import { pack, root, run, start } from './packed.mjs'

const work = mkdtempSync(join(tmpdir(), 'kinesis-bundles-'))
const consumer = join(work, 'consumer')
mkdirSync(consumer)
const tarballs = pack(['core', 'otel-exporter'], work)
writeFileSync(
  join(consumer, 'package.json'),
  JSON.stringify({
    private: true,
    dependencies: {
      ...tarballs,
      '@opentelemetry/api': '1.9.1',
      '@opentelemetry/api-logs': '0.223.1',
      '@opentelemetry/sdk-logs': '0.223.1',
      '@rollup/plugin-commonjs': '29.0.3',
      '@rollup/plugin-json': '6.1.0',
      '@rollup/plugin-node-resolve': '16.0.3',
      esbuild: '0.28.2',
      rollup: '4.68.8',
      webpack: '5.112.2',
    },
    overrides: { '@kinesis-producer/core': tarballs['@kinesis-producer/core'] },
  }),
)
run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], consumer)
cpSync(join(root, 'test/packages/bundles'), consumer, { recursive: true })
const installed = createRequire(join(consumer, 'package.json'))

const esbuild = options => (entry, out) =>
  installed('esbuild').build({
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    ...options,
  })
const rollup = plugins => async (entry, out) => {
  const { nodeResolve } = installed('@rollup/plugin-node-resolve')
  const resolve = nodeResolve({ preferBuiltins: true, exportConditions: ['node'] })
  const onwarn = ({ code, message }) => {
    if (code === 'UNRESOLVED_IMPORT' || code === 'MISSING_EXPORT') throw new Error(message)
  }
  const bundle = await installed('rollup').rollup({
    input: entry,
    plugins: [resolve, ...plugins.map(name => installed(name)())],
    external: /^node:/,
    onwarn,
  })
  await bundle.write({ file: out, format: 'es', inlineDynamicImports: true })
  await bundle.close()
}
const webpack =
  (minimize, externals = []) =>
  (entry, out) =>
    new Promise((resolve, reject) => {
      const options = {
        mode: 'production',
        target: 'node20',
        entry,
        context: consumer,
        optimization: { minimize },
        externals,
        experiments: { outputModule: true },
        output: { path: dirname(out), filename: 'app.mjs', module: true, chunkFormat: 'module' },
      }
      installed('webpack')(options, (error, stats) =>
        error || stats.hasErrors()
          ? reject(error ?? new Error(stats.toString('errors-only')))
          : resolve(),
      )
    })

const MODULE_FIRST = { mainFields: ['module', 'main'] }
// The SDKs are CommonJS to esbuild unless it is told otherwise, and ask for `require` themselves.
const WITH_REQUIRE = {
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
  },
}
const OUTSIDE = { external: ['@aws-sdk/*', '@smithy/*', '@opentelemetry/*'] }
const SDKS = /^@(aws-sdk|smithy|opentelemetry)\//
// The AWS SDK imports its own package.json.
const JSON_PLUGIN = '@rollup/plugin-json'
/** How, the program, what makes the bundle, and where it lies if it finds the SDKs beside it. */
const COMBINATIONS = [
  ['esbuild', 'decode', esbuild({})],
  ['esbuild, module fields', 'mixed', esbuild(MODULE_FIRST)],
  ['esbuild, module fields, minified', 'full', esbuild({ ...MODULE_FIRST, minify: true })],
  ['esbuild, SDKs outside', 'mixed', esbuild(OUTSIDE), consumer],
  ['esbuild, createRequire', 'mixed', esbuild({ ...WITH_REQUIRE, minify: true })],
  ['esbuild, CommonJS', 'mixed', esbuild({ format: 'cjs' })],
  ['esbuild, module fields, minified', 'worker', esbuild({ ...MODULE_FIRST, minify: true })],
  ['rollup', 'worker', rollup([JSON_PLUGIN])],
  ['rollup', 'decode', rollup([])],
  ['rollup', 'full', rollup([JSON_PLUGIN])],
  ['rollup, commonjs', 'mixed', rollup(['@rollup/plugin-commonjs', JSON_PLUGIN])],
  ['webpack', 'mixed', webpack(false)],
  ['webpack, SDKs outside, minified', 'full', webpack(true, SDKS), consumer],
]

/** Of one module of the core, and of one of the exporter: a bundle holds each of them once. */
const SENTENCES = ['the producer is closed, which is final', 'must be a severity number, 0 to 24']

let failed = 0
for (const [index, [how, program, bundle, beside = work]] of COMBINATIONS.entries()) {
  const folder = join(beside, 'out', String(index))
  const out = join(folder, how.endsWith('CommonJS') ? 'app.cjs' : 'app.mjs')
  const fake = await startFakeKinesis({ streams: { s: 2 } })
  const startedAt = performance.now()
  try {
    await bundle(join(consumer, `${String(program)}.mjs`), out)
    // What a producer's worker runs is an entry of its own.
    if (program === 'worker') await bundle(join(consumer, 'thread.mjs'), join(folder, 'thread.mjs'))
    await start(process.execPath, [out], folder, { KINESIS_ENDPOINT: fake.endpoint })
    const text = readFileSync(out, 'utf8')
    for (const sentence of program === 'mixed' ? SENTENCES : []) {
      const copies = text.split(sentence).length - 1
      if (copies !== 1) throw new Error(`${copies} copies of the module that says: ${sentence}`)
    }
    const size = `${Math.ceil(text.length / 1024)} KiB`
    const took = `${Math.round(performance.now() - startedAt)} ms`
    console.log(`ok: ${String(how)}: ${String(program)}, ${size}, ${took}`)
  } catch (error) {
    failed++
    console.error(
      `FAILED: ${String(how)}: ${String(program)}: ${String(error.message).slice(-3000)}`,
    )
  }
  await fake.close()
}
rmSync(work, { recursive: true, force: true })
console.log(failed === 0 ? 'bundles: all run' : `bundles: ${failed} FAILED`)
process.exit(failed === 0 ? 0 : 1)
